"""Checks that PyTorch loads a TorchScript file written by lora4j, and computes the same logits.

    python tools/check_script.py merged.pt computed.safetensors

The second file contains `input` and lora4j's `logits`. Prints one line of JSON, and exits with 1 if the logits
differ.
"""
import json
import sys

import torch
from safetensors.torch import load_file

TOLERANCE = 1e-6

if __name__ == "__main__":
    torch.set_num_threads(1)
    script, computed = torch.jit.load(sys.argv[1]).eval(), load_file(sys.argv[2])
    with torch.no_grad():
        logits = script(computed["input"])
    allowed = TOLERANCE * max(1.0, computed["logits"].abs().max().item())
    apart = (logits - computed["logits"]).abs().max().item()
    print(json.dumps(dict(ok=apart <= allowed, max_abs_diff=apart)))
    sys.exit(apart > allowed)
