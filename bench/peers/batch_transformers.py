"""Generates a batch of completions with transformers, greedily, from a model directory or a GGUF file.

Prints one JSON line: the median rate in tokens per second, of all rows together, prefill included.
"""
import argparse
import json
import pathlib
import statistics
import time

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

arguments = argparse.ArgumentParser()
arguments.add_argument("--model", type=pathlib.Path, required=True)
for name, value in dict(rows=8, new=64, rounds=3, threads=2).items():
    arguments.add_argument("--" + name, type=int, default=value)
a = arguments.parse_args()
torch.set_num_threads(a.threads)
source = dict(pretrained_model_name_or_path=a.model)
if a.model.suffix == ".gguf":
    source = dict(pretrained_model_name_or_path=a.model.parent, gguf_file=a.model.name)
tokenizer = AutoTokenizer.from_pretrained(**source, padding_side="left")
tokenizer.pad_token = tokenizer.eos_token
model = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32).eval()
prompts = [f"Question {i}: what happened on day {3 * i + 1} of the long journey to the north, and who was there? Answer:"
           for i in range(a.rows)]
batch = tokenizer(prompts, return_tensors="pt", padding=True)


def seconds():
    start = time.perf_counter()
    with torch.inference_mode():
        model.generate(**batch, do_sample=False, min_new_tokens=a.new, max_new_tokens=a.new,
                       pad_token_id=tokenizer.pad_token_id)
    return time.perf_counter() - start


seconds()  # the first warms up
print(json.dumps(dict(tokens_per_s=a.rows * a.new / statistics.median(seconds() for _ in range(a.rounds)))))
