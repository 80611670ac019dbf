"""Checks that transformers and PEFT load a task adapter written by lora4j, and compute the same outputs.

    python tools/check_task.py base-directory adapter-directory…

Each adapter's directory has lora4j's config.json, which names the class and the labels, and `computed.safetensors` with
`ids.N` for N = 0, 1, … and lora4j's `outputs` for these texts. Prints a line of JSON for each, and exits with 1 if PEFT
misses a tensor of an adapter, finds an unexpected one, or computes other outputs.
"""
import argparse
import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import load_file
from transformers import AutoConfig

from check_with_peft import Failure, load_adapter

TOLERANCE = 1e-4


def outputs(model, ids):
    rows = []
    with torch.no_grad():
        for row in ids:
            result = model(input_ids=row.reshape(1, -1))
            if "logits" in result:
                rows.append(result.logits[0] if result.logits.dim() == 3 else result.logits)
            else:
                rows.append(result.last_hidden_state.mean(1))
    return torch.cat(rows)


def check(folder, adapter):
    config = AutoConfig.from_pretrained(adapter)
    kind = getattr(transformers, config.architectures[0])
    model, _ = load_adapter(kind.from_pretrained(folder, config=config), adapter)
    computed = load_file(adapter / "computed.safetensors")
    ids = [computed[f"ids.{i}"] for i in range(sum(key.startswith("ids.") for key in computed))]
    apart = (outputs(model, ids) - computed["outputs"]).abs().max().item()
    if not apart <= TOLERANCE:
        raise Failure(f"{adapter}: the outputs differ by {apart:.3g}")
    print(json.dumps({"ok": True, "adapter": adapter.name, "apart": apart, "class": kind.__name__,
                      "labels": config.id2label}))


def main():
    arg = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arg.add_argument("base", type=pathlib.Path)
    arg.add_argument("adapters", type=pathlib.Path, nargs="+")
    given = arg.parse_args()
    for adapter in given.adapters:
        check(given.base, adapter)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)
