"""Trains an adapter with PEFT on a bitsandbytes NF4 checkpoint, on the same batch at each step, and leaves what another trainer needs to do the same.

    train_bitsandbytes.py make DIRECTORY        writes an NF4 checkpoint with random weights, SmolLM2-135M's shape by default
    train_bitsandbytes.py train DIRECTORY WORK  writes the initial adapter and the tokens into WORK, and trains

Prints one JSON line: tokens per second (median of the steps after the first), peak resident memory, the losses.
"""
import argparse
import json
import pathlib
import resource
import statistics
import tempfile
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, LlamaConfig, LlamaForCausalLM

arguments = argparse.ArgumentParser()
arguments.add_argument("verb", choices=["make", "train"])
arguments.add_argument("directory", type=pathlib.Path)
arguments.add_argument("work", type=pathlib.Path, nargs="?")
arguments.add_argument("--source", type=pathlib.Path, help="a float checkpoint to quantise instead of random weights")
for name, value in dict(batch=4, tokens=256, steps=20, threads=2, rank=8, layers=30, hidden=576, intermediate=1536,
                        heads=9, kv_heads=3, vocab=49152).items():
    arguments.add_argument("--" + name.replace("_", "-"), type=int, default=value)
a = arguments.parse_args()
torch.manual_seed(0)
torch.set_num_threads(a.threads)


def nf4():
    return BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
                              bnb_4bit_compute_dtype=torch.float32)


def make():
    with tempfile.TemporaryDirectory() as scratch:
        source = a.source
        if source is None:
            source = scratch
            LlamaForCausalLM(LlamaConfig(
                vocab_size=a.vocab, hidden_size=a.hidden, intermediate_size=a.intermediate, num_hidden_layers=a.layers,
                num_attention_heads=a.heads, num_key_value_heads=a.kv_heads, max_position_embeddings=2048,
                tie_word_embeddings=True)).save_pretrained(source)
        network = AutoModelForCausalLM.from_pretrained(source, quantization_config=nf4(), dtype=torch.float32)
        network.save_pretrained(a.directory)


def train():
    network = AutoModelForCausalLM.from_pretrained(a.directory, dtype=torch.float32)
    network = get_peft_model(network, LoraConfig(r=a.rank, lora_alpha=2 * a.rank, target_modules="all-linear"))
    network.save_pretrained(a.work / "adapter")
    ids = torch.randint(0, network.config.vocab_size, (a.batch, a.tokens))
    (a.work / "tokens.json").write_text(json.dumps(ids.tolist()))
    learning = torch.optim.AdamW([p for p in network.parameters() if p.requires_grad], lr=1e-4, weight_decay=0)
    rates, cpu_rates, losses = [], [], []
    for _ in range(a.steps):
        start, cpu_start = time.perf_counter(), time.process_time()
        loss = network(input_ids=ids, labels=ids).loss
        loss.backward()
        learning.step()
        learning.zero_grad()
        losses.append(loss.item())
        rates.append(a.batch * a.tokens / (time.perf_counter() - start))
        cpu_rates.append(a.batch * a.tokens / (time.process_time() - cpu_start))
    print(json.dumps(dict(
        tokens_per_s=statistics.median(rates[1:]), tokens_per_cpu_s=statistics.median(cpu_rates[1:]), losses=losses,
        peak_rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)))


make() if a.verb == "make" else train()
