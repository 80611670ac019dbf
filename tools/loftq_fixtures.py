"""LoftQ of PEFT and bitsandbytes: the quantised weight and the first A and B after 1, 2 and 5 iterations, and after one
on an 8-bit weight. PEFT computes on a GPU; here its copies to one stay on the CPU.

Keys: weight; <bits>.<iterations>.q, .a, .b. Metadata: rank.
"""
import contextlib

from fixture_io import ROOT, differs, finish, load, save, seed

import torch
import bitsandbytes as bnb
from peft.utils import loftq_utils

TARGET = ROOT / "core/src/test/resources/fixtures/loftq"
RANK = 4
SHAPE = (48, 128)  # whole blocks in each row: bitsandbytes 0.50 dequantises others wrongly on the CPU
CASES = [(4, 1), (4, 2), (4, 5), (8, 1)]


def on_cpu(move):
    """A tensor's method `to` that ignores GPUs."""
    def to(self, *args, **kwargs):
        if str(kwargs.get("device", "")).startswith("cuda"):
            kwargs["device"] = "cpu"
        return move(self, *["cpu" if str(a).startswith("cuda") else a for a in args], **kwargs)
    return to


@contextlib.contextmanager
def without_gpu():
    kinds = [torch.Tensor, bnb.nn.Params4bit, bnb.nn.Int8Params]
    moves = [kind.to for kind in kinds]
    for kind, move in zip(kinds, moves):
        kind.to = on_cpu(move)
    try:
        yield
    finally:
        for kind, move in zip(kinds, moves):
            kind.to = move


def weight():
    """A weight of low-rank structure and noise, as trained ones are."""
    seed("loftq")
    rows, columns = SHAPE
    low = torch.randn(rows, 6) @ torch.randn(6, columns)
    return 0.02 * (low / 2 + torch.randn(rows, columns))


def tensors():
    original = weight()
    made = dict(weight=original)
    for bits, iterations in CASES:
        with without_gpu():
            q, a, b = loftq_utils.loftq_init(original, bits, RANK, iterations)
        made |= {f"{bits}.{iterations}.{name}": value.float() for name, value in dict(q=q, a=a, b=b).items()}
    return made


if __name__ == "__main__":
    path = TARGET / "linear.safetensors"
    save(path, tensors(), dict(rank=str(RANK)))
    wrong = []
    again = tensors()
    for key, value in load(path)[0].items():
        wrong += differs(key, value, again[key], 0)
    finish(TARGET, wrong)
