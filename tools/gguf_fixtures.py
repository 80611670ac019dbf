"""GGUF fixtures written by llama.cpp's gguf package, with the values that it reads from them.

    pip install gguf && python tools/gguf_fixtures.py
"""
from fixture_io import ROOT, finish

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Type
from safetensors.torch import save_file

FOLDER = ROOT / "core/src/test/resources/fixtures/gguf"
QUANTIZED = [Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1, Type.Q8_0, Type.Q4_K, Type.Q5_K, Type.Q6_K]
ADDED = [Type.Q2_K, Type.Q3_K, Type.IQ4_NL, Type.IQ4_XS]
# Positions of half-precision floats in a block: random bytes there would give infinities and NaN.
HALVES = {Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q8_0: [0],
          Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208], Type.Q2_K: [80, 82], Type.Q3_K: [108],
          Type.IQ4_NL: [0], Type.IQ4_XS: [0]}
ROWS = 3


def quantized(type, rng):
    elements, size = gguf.GGML_QUANT_SIZES[type]
    blocks = rng.integers(0, 256, (ROWS, 4, size), dtype=np.uint8)
    for at in HALVES[type]:
        scales = rng.normal(size=(ROWS, 4)).astype(np.float16)
        scales[0, 0] = np.float16(3e-7)  # subnormal
        scales[0, 1] = np.float16(-0.0)
        blocks[:, :, at:at + 2] = scales.view(np.uint8).reshape(ROWS, 4, 2)
    return blocks.reshape(ROWS, -1)


def tensors():
    rng = np.random.default_rng(7)
    expected = {}
    writer = gguf.GGUFWriter(FOLDER / "tensors.gguf", "llama")
    writer.add_uint8("kind.u8", 200)
    writer.add_int8("kind.i8", -100)
    writer.add_uint16("kind.u16", 60000)
    writer.add_int16("kind.i16", -30000)
    writer.add_uint32("kind.u32", 4000000000)
    writer.add_int32("kind.i32", -2000000000)
    writer.add_uint64("kind.u64", 2**40)
    writer.add_int64("kind.i64", -2**40)
    writer.add_float32("kind.f32", 0.1)
    writer.add_float64("kind.f64", 0.1)
    writer.add_bool("kind.bool", True)
    writer.add_string("kind.text", "größer")
    writer.add_array("kind.texts", ["a", "bc", ""])
    writer.add_array("kind.wholes", [1, -2, 3])
    for type in QUANTIZED:
        blocks = quantized(type, rng)
        writer.add_tensor(type.name, blocks, raw_dtype=type)
        expected[type.name] = torch.from_numpy(gguf.dequantize(blocks, type).copy())
    half = rng.normal(size=(2, 3)).astype(np.float16)
    writer.add_tensor("F16", half)
    expected["F16"] = torch.from_numpy(half.astype(np.float32))
    brain = torch.randn(2, 3, generator=torch.Generator().manual_seed(1)).to(torch.bfloat16)
    writer.add_tensor("BF16", brain.view(torch.uint8).numpy(), raw_dtype=Type.BF16)
    expected["BF16"] = brain.float()
    single = rng.normal(size=(2, 3, 4)).astype(np.float32)
    writer.add_tensor("F32", single)
    expected["F32"] = torch.from_numpy(single)
    for type in ADDED:
        blocks = quantized(type, np.random.default_rng(type.value))
        writer.add_tensor(type.name, blocks, raw_dtype=type)
        expected[type.name] = torch.from_numpy(gguf.dequantize(blocks, type).copy())
    close(writer)
    save_file(expected, FOLDER / "expected.safetensors")
    return expected


def close(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def permuted(weights, heads):
    """Permutes the rows of a query or key from Hugging Face's order to llama.cpp's."""
    halves = weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:])
    return halves.swapaxes(1, 2).reshape(weights.shape)


def adapter():
    """An adapter as converted by llama.cpp: rank 2, alpha 3, 4 heads, 2 key-value heads."""
    rng = np.random.default_rng(11)
    layers = {"self_attn.q_proj": ("attn_q", 16, 16, 4), "self_attn.k_proj": ("attn_k", 8, 16, 2),
              "self_attn.v_proj": ("attn_v", 8, 16, None), "mlp.down_proj": ("ffn_down", 16, 24, None)}
    peft = {}
    writer = gguf.GGUFWriter(FOLDER / "adapter.gguf", "llama")
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
    writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, 3.0)
    for name, (short, rows, columns, heads) in layers.items():
        a = rng.normal(size=(2, columns)).astype(np.float32)
        b = rng.normal(size=(rows, 2)).astype(np.float32)
        peft[f"model.layers.0.{name}.lora_A.weight"] = torch.from_numpy(a)
        peft[f"model.layers.0.{name}.lora_B.weight"] = torch.from_numpy(b)
        writer.add_tensor(f"blk.0.{short}.weight.lora_a", a)
        writer.add_tensor(f"blk.0.{short}.weight.lora_b", np.ascontiguousarray(permuted(b, heads)) if heads else b)
    close(writer)
    save_file(peft, FOLDER / "adapter.safetensors")


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    expected = tensors()
    adapter()
    wrong = []
    for tensor in gguf.GGUFReader(FOLDER / "tensors.gguf").tensors:
        if tensor.tensor_type in QUANTIZED + ADDED:
            again = torch.from_numpy(gguf.dequantize(tensor.data, tensor.tensor_type).copy())
            wrong += [] if torch.equal(again, expected[tensor.name]) else [tensor.name]
    finish(FOLDER, wrong)


main()
