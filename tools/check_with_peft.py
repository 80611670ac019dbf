"""Checks that PEFT loads an adapter written by lora4j, and computes the same logits.

    python tools/check_with_peft.py base.safetensors adapter-directory computed.safetensors [--model convnet]

The base is a state dict of the network, the adapter a directory in PEFT's format, and the third file contains `input`
and lora4j's `logits`. Prints one line of JSON. If PEFT misses a tensor, finds an unexpected one or computes other
logits, prints a message to standard error and exits with 1.
"""
import argparse
import json
import pathlib
import sys

import torch
from peft import PeftModel, get_peft_model_state_dict
from peft.utils import load_peft_weights, set_peft_model_state_dict
from safetensors.torch import load_file

from networks import NETWORKS
from script_networks import SCRIPTED

ALL = NETWORKS | SCRIPTED


class Failure(Exception):
    pass


def load_base(kind, path):
    net = ALL[kind]()
    result = net.load_state_dict(load_file(path), strict=False)
    if result.missing_keys or result.unexpected_keys:
        raise Failure(f"{path} is not a {kind}: missing {result.missing_keys}, unexpected {result.unexpected_keys}")
    return net.eval()


def load_adapter(net, folder):
    """Strict PeftModel.from_pretrained: PEFT only warns of missing tensors and ignores unexpected ones."""
    try:
        model = PeftModel.from_pretrained(net, folder)
    except Exception as refusal:
        raise Failure(f"PEFT refuses {folder}: {' '.join(str(refusal).split())}") from refusal
    weights = load_peft_weights(str(folder), device="cpu")
    own = get_peft_model_state_dict(model, save_embedding_layers=False).keys()
    copies = (".modules_to_save.bias", ".original_module.bias")  # PEFT writes these with bias="all", but never reads them
    missing = sorted(k for k in own - weights.keys() if not k.endswith(copies))
    if missing:
        raise Failure(f"{folder} lacks tensors that PEFT wants: {missing}")
    no_place = set_peft_model_state_dict(model, weights).unexpected_keys
    unexpected = sorted(k for k in no_place if not k.endswith(copies))
    if unexpected:
        raise Failure(f"{folder} holds tensors that PEFT has no place for: {unexpected}")
    return model.eval(), weights


def main():
    arg = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arg.add_argument("base", type=pathlib.Path)
    arg.add_argument("adapter", type=pathlib.Path)
    arg.add_argument("computed", type=pathlib.Path)
    arg.add_argument("--model", choices=ALL, default="convnet")
    arg.add_argument("--tolerance", type=float, default=1e-5)
    a = arg.parse_args()
    torch.set_num_threads(1)
    answer = dict(ok=False, max_abs_diff=None)
    try:
        model, weights = load_adapter(load_base(a.model, a.base), a.adapter)
        computed = load_file(a.computed)
        with torch.no_grad():
            logits = model(computed["input"])
        if logits.shape != computed["logits"].shape:
            raise Failure(f"PEFT's logits are {list(logits.shape)}, lora4j's {list(computed['logits'].shape)}")
        apart = (logits.double() - computed["logits"].double()).abs().max().item()
        answer.update(max_abs_diff=apart, tensors=len(weights), ok=apart <= a.tolerance)
        if not answer["ok"]:
            raise Failure(f"the logits are {apart:.3g} apart, more than {a.tolerance:g}")
    except Failure as failure:
        print(json.dumps(answer))
        sys.exit(f"check_with_peft: {failure}")
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
