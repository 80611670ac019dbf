"""Trains an adapter on a randomly initialised Llama with PEFT; SmolLM2-135M's shape by default.

Prints one JSON line: tokens per second (median of the steps after the first) and peak resident memory.
"""
import argparse
import json
import resource
import statistics
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

arguments = argparse.ArgumentParser()
for name, value in dict(batch=4, tokens=256, steps=5, threads=2, rank=8, layers=30, hidden=576, intermediate=1536,
                        heads=9, kv_heads=3, vocab=49152).items():
    arguments.add_argument("--" + name.replace("_", "-"), type=int, default=value)
a = arguments.parse_args()
torch.manual_seed(0)
torch.set_num_threads(a.threads)
network = get_peft_model(
    LlamaForCausalLM(LlamaConfig(
        vocab_size=a.vocab, hidden_size=a.hidden, intermediate_size=a.intermediate, num_hidden_layers=a.layers,
        num_attention_heads=a.heads, num_key_value_heads=a.kv_heads, max_position_embeddings=2048,
        tie_word_embeddings=True)),
    LoraConfig(r=a.rank, lora_alpha=2 * a.rank, target_modules="all-linear"))
learning = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], lr=1e-4)
ids = torch.randint(0, a.vocab, (a.batch, a.tokens))
rates = []
for _ in range(a.steps):
    start = time.perf_counter()
    network(input_ids=ids, labels=ids).loss.backward()
    learning.step()
    learning.zero_grad()
    rates.append(a.batch * a.tokens / (time.perf_counter() - start))
print(json.dumps(dict(
    tokens_per_s=statistics.median(rates[1:]), all=rates,
    peak_rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)))
