"""Fixtures of quantised weights: bitsandbytes' 4 and 8 bits, and the gguf package's blocks.

    pip install bitsandbytes gguf && python tools/quant_fixtures.py

bitsandbytes.safetensors has for each case the tensors of a checkpoint (CASE.weight, CASE.weight.absmax, ...), the weight that
was quantised (CASE.original) and the values that bitsandbytes computes (CASE.expected). blocks.safetensors has for each
type of ggml bytes (TYPE.blocks) and the values (TYPE.expected); where the gguf package quantises, also TYPE.original and
TYPE.quantised.
"""
from fixture_io import ROOT, finish, seed

import bitsandbytes.functional as bnb
import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from safetensors.torch import load_file, save_file

FOLDER = ROOT / "core/src/test/resources/fixtures/quant"
BLOCK_SIZES = [32, 64, 128, 256, 512, 1024, 2048, 4096]
# Positions of half-precision floats in a block: random bytes there would give infinities and NaN.
HALVES = {Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q8_0: [0], Type.Q2_K: [80, 82],
          Type.Q3_K: [108], Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208], Type.IQ4_NL: [0], Type.IQ4_XS: [0]}
QUANTIZED_BY_GGUF = [Type.Q4_0, Type.Q8_0]


def weight(name, rows, columns):
    """Random values with extremes: a tiny row, zeros over a block, one large value."""
    seed(name)
    values = torch.randn(rows, columns)
    values[0] *= 1e-30
    values.view(-1)[columns:columns + 40] = 0
    values[-1, 0] = 50
    return values


def four_bit(name, type, block, double, rows, columns):
    original = weight(name, rows, columns)
    packed, state = bnb.quantize_4bit(original, blocksize=block, quant_type=type, compress_statistics=double)
    tensors = {f"{name}.original": original, f"{name}.weight": packed,
               f"{name}.expected": bnb.dequantize_4bit(packed, state)}
    for key, value in state.as_dict(packed=True).items():
        tensors[f"{name}.weight.{key}"] = value
    return tensors


def cases():
    tensors = {}
    for type in ("nf4", "fp4"):
        for block in BLOCK_SIZES:
            tensors |= four_bit(f"{type}.{block}", type, block, False, 9, 60)
        tensors |= four_bit(f"{type}.odd", type, 64, False, 5, 33)
        tensors |= four_bit(f"{type}.whole", type, 64, False, 4, 64)
        tensors |= four_bit(f"{type}.double", type, 32, True, 50, 170)
        tensors |= four_bit(f"{type}.double.small", type, 64, True, 3, 40)
    for name, rows, columns in (("int8.small", 3, 5), ("int8.wide", 7, 300)):
        original = weight(name, rows, columns)
        codes, absmax, _ = bnb.int8_vectorwise_quant(original.clone())
        tensors |= {f"{name}.original": original, f"{name}.weight": codes, f"{name}.SCB": absmax,
                    f"{name}.expected": bnb.int8_vectorwise_dequant(codes, absmax)}
    return tensors


def random_blocks(type, rng):
    _, size = gguf.GGML_QUANT_SIZES[type]
    blocks = rng.integers(0, 256, (3, 2, size), dtype=np.uint8)
    for at in HALVES[type]:
        scales = rng.normal(size=(3, 2)).astype(np.float16)
        scales[0, 0] = np.float16(3e-7)  # subnormal
        scales[0, 1] = np.float16(-0.0)
        blocks[:, :, at:at + 2] = scales.view(np.uint8).reshape(3, 2, 2)
    return blocks.reshape(3, -1)


def blocks():
    tensors = {}
    rng = np.random.default_rng(5)
    for type in HALVES:
        some = random_blocks(type, rng)
        tensors[f"{type.name}.blocks"] = torch.from_numpy(some)
        tensors[f"{type.name}.expected"] = torch.from_numpy(gguf.dequantize(some, type).copy())
    for type in QUANTIZED_BY_GGUF:
        original = weight(type.name, 6, 96)
        original[2, :32] = torch.arange(32) - 16  # ties
        tensors[f"{type.name}.original"] = original
        tensors[f"{type.name}.quantised"] = torch.from_numpy(gguf.quantize(original.numpy(), type).copy())
    return tensors


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    wrong = []
    for file, tensors in (("bitsandbytes", cases()), ("blocks", blocks())):
        tensors = {name: tensor.contiguous() for name, tensor in tensors.items()}
        save_file(tensors, FOLDER / f"{file}.safetensors")
        again = load_file(FOLDER / f"{file}.safetensors")
        wrong += [name for name, tensor in tensors.items() if not torch.equal(again[name], tensor)]
    finish(FOLDER, wrong)


main()
