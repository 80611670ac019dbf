"""Checks that transformers loads a checkpoint directory written by lora4j, and computes the same logits.

    python tools/check_with_transformers.py checkpoint-directory computed.safetensors [--adapter DIR]

The second file contains `tokens` and lora4j's `logits`. The checkpoint may be quantised by bitsandbytes, whose products
in bfloat16 are switched off; with an adapter, PEFT loads it. Prints one line of JSON. If transformers misses a tensor, finds
an unexpected one or computes other logits, prints a message to standard error and exits with 1.
"""
import argparse
import json
import pathlib
import sys

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()


class Failure(Exception):
    pass


def load(folder):
    quantized = "quantization_config" in json.loads((folder / "config.json").read_text())
    if quantized:
        import bitsandbytes.nn.modules
        bitsandbytes.nn.modules.has_avx512bf16 = lambda: False
    options = dict(device_map="cpu") if quantized else {}
    try:
        model, told = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True,
                                                           **options)
    except Exception as refusal:
        raise Failure(f"transformers refuses {folder}: {' '.join(str(refusal).split())}") from refusal
    problems = {kind: sorted(map(str, keys)) for kind, keys in told.items() if keys}
    if problems:
        raise Failure(f"{folder} does not fit: {problems}")
    return model.eval()


def main():
    arg = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arg.add_argument("checkpoint", type=pathlib.Path)
    arg.add_argument("computed", type=pathlib.Path)
    arg.add_argument("--adapter", type=pathlib.Path)
    arg.add_argument("--tolerance", type=float, default=1e-4)
    a = arg.parse_args()
    torch.set_num_threads(1)
    answer = dict(ok=False, max_abs_diff=None)
    try:
        model = load(a.checkpoint)
        if a.adapter:
            from peft import PeftModel
            model = PeftModel.from_pretrained(model, a.adapter).eval()
        computed = load_file(a.computed)
        with torch.no_grad():
            logits = model(computed["tokens"]).logits
        if logits.shape != computed["logits"].shape:
            raise Failure(f"the logits are {list(logits.shape)}, lora4j's {list(computed['logits'].shape)}")
        apart = (logits.double() - computed["logits"].double()).abs().max().item()
        answer.update(max_abs_diff=apart, ok=apart <= a.tolerance)
        if not answer["ok"]:
            raise Failure(f"the logits are {apart:.3g} apart, more than {a.tolerance:g}")
    except Failure as failure:
        print(json.dumps(answer))
        sys.exit(f"check_with_transformers: {failure}")
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
