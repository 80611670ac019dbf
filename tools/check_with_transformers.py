"""Checks that transformers loads a checkpoint directory written by lora4j, and computes the same logits.

    python tools/check_with_transformers.py checkpoint-directory computed.safetensors [--adapter DIR
                                            [--initial DIR --converted DIR]]

The second file contains `tokens` and lora4j's `logits`. The checkpoint may be quantised by bitsandbytes, whose products
in bfloat16 are switched off; with an adapter, PEFT loads it. Given the adapter before training, `--initial`, lora4j's
conversion for the base before quantisation, `--converted`, must equal PEFT's (`path_initial_model_for_weight_conversion`)
in all tensors, ranks and alphas. Prints one line of JSON. If transformers misses a tensor, finds
an unexpected one or computes other logits, prints a message to standard error and exits with 1.
"""
import argparse
import json
import pathlib
import re
import shutil
import sys
import tempfile

import torch
from peft import PeftConfig, PeftModel
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


def check_conversion(model, initial, converted):
    """Converts PEFT's model by PEFT, and compares the files with lora4j's."""
    with tempfile.TemporaryDirectory() as folder:
        before, expected = (pathlib.Path(folder) / name for name in ("before", "expected"))
        shutil.copytree(initial, before)  # PEFT writes its config there
        model.save_pretrained(expected, path_initial_model_for_weight_conversion=str(before))
        theirs, ours = (load_file(path / "adapter_model.safetensors") for path in (expected, converted))
        scalings = [scalings_of(path, theirs) for path in (expected, converted)]
    if theirs.keys() != ours.keys():
        raise Failure(f"converted tensors differ: {sorted(theirs.keys() ^ ours.keys())}")
    differ = sorted(key for key in theirs if not torch.equal(theirs[key], ours[key]))
    if differ:
        raise Failure(f"converted values differ: {differ}")
    if scalings[0] != scalings[1]:
        raise Failure(f"the scalings of converted layers are {scalings[1]}, of PEFT {scalings[0]}")


def scalings_of(folder, tensors):
    config = PeftConfig.from_pretrained(folder)
    layers = {key.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
              for key in tensors if key.endswith(".lora_A.weight")}

    def of(layer):
        rank, alpha = (next((value for pattern, value in values.items() if re.fullmatch(rf"(.*\.)?({pattern})", layer)),
                            default) for values, default in ((config.rank_pattern, config.r),
                                                             (config.alpha_pattern, config.lora_alpha)))
        return rank, alpha / rank
    return {layer: of(layer) for layer in layers}


def main():
    arg = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arg.add_argument("checkpoint", type=pathlib.Path)
    arg.add_argument("computed", type=pathlib.Path)
    arg.add_argument("--adapter", type=pathlib.Path)
    arg.add_argument("--initial", type=pathlib.Path)
    arg.add_argument("--converted", type=pathlib.Path)
    arg.add_argument("--tolerance", type=float, default=1e-4)
    a = arg.parse_args()
    torch.set_num_threads(1)
    answer = dict(ok=False, max_abs_diff=None)
    try:
        model = load(a.checkpoint)
        if a.adapter:
            model = PeftModel.from_pretrained(model, a.adapter).eval()
        computed = load_file(a.computed)
        with torch.no_grad():
            logits = model(computed["tokens"]).logits
        if logits.shape != computed["logits"].shape:
            raise Failure(f"the logits are {list(logits.shape)}, lora4j's {list(computed['logits'].shape)}")
        apart = (logits.double() - computed["logits"].double()).abs().max().item()
        if a.initial:
            check_conversion(model, a.initial, a.converted)
        answer.update(max_abs_diff=apart, ok=apart <= a.tolerance)
        if not answer["ok"]:
            raise Failure(f"the logits are {apart:.3g} apart, more than {a.tolerance:g}")
    except Failure as failure:
        print(json.dumps(answer))
        sys.exit(f"check_with_transformers: {failure}")
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
