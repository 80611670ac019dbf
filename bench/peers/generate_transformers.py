"""Generates text with a randomly initialised Llama in transformers; SmolLM2-135M's shape by default.

Prints one JSON line: the median time to first token in seconds, and the median decoding rate in tokens per second.
"""
import argparse
import json
import statistics
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

arguments = argparse.ArgumentParser()
for name, value in dict(prompt=512, new=64, rounds=5, threads=2, layers=30, hidden=576, intermediate=1536, heads=9,
                        kv_heads=3, vocab=49152).items():
    arguments.add_argument("--" + name.replace("_", "-"), type=int, default=value)
a = arguments.parse_args()
torch.set_num_threads(a.threads)
torch.manual_seed(0)
model = LlamaForCausalLM(LlamaConfig(
    vocab_size=a.vocab, hidden_size=a.hidden, intermediate_size=a.intermediate, num_hidden_layers=a.layers,
    num_attention_heads=a.heads, num_key_value_heads=a.kv_heads, max_position_embeddings=4096,
    tie_word_embeddings=True)).eval()
ids = torch.randint(0, a.vocab, (1, a.prompt))


def seconds(new):
    start = time.perf_counter()
    with torch.inference_mode():
        model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, min_new_tokens=new,
                       max_new_tokens=new, pad_token_id=0)
    return time.perf_counter() - start


seconds(a.new)  # the first warms up
first, whole = [], []
for _ in range(a.rounds):
    first.append(seconds(1))
    whole.append(seconds(a.new))
rates = [(a.new - 1) / (w - f) for w, f in zip(whole, first)]
print(json.dumps(dict(prefill_s=statistics.median(first), tokens_per_s=statistics.median(rates))))
