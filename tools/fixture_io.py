"""Seeding, writing, reading and comparing fixtures; used by all scripts."""
import json
import os
import pathlib
import struct
import sys
import zlib

# Python writes a set (such as PEFT's target_modules) to JSON in hash order: fix the hash, so that a second run writes
# the same bytes.
if os.environ.get("PYTHONHASHSEED") != "0":
    os.environ["PYTHONHASHSEED"] = "0"
    os.execv(sys.executable, [sys.executable, *sys.argv])

import torch
from safetensors import safe_open

ROOT = pathlib.Path(__file__).resolve().parent.parent
DTYPES = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64"}
SAMPLE_ABOVE, SAMPLE_STEP = 8192, 13

torch.set_num_threads(1)


def seed(name):
    """Seeds from a fixture's name, so that adding a fixture leaves the others unchanged."""
    torch.manual_seed(zlib.crc32(name.encode()))


def save(path, tensors, metadata):
    """Writes tensors in the given order. The safetensors library shuffles metadata, so its output differs between runs."""
    header = {"__metadata__": {k: v if isinstance(v, str) else json.dumps(v) for k, v in metadata.items()}}
    blobs, offset = [], 0
    for name, tensor in tensors.items():
        blob = tensor.detach().contiguous().numpy().tobytes()
        header[name] = dict(dtype=DTYPES[tensor.dtype], shape=list(tensor.shape),
                            data_offsets=[offset, offset + len(blob)])
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def load(path):
    """Reads the tensors and metadata of a file with the safetensors library."""
    with safe_open(path, "pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}


def prefixed(prefix, tensors):
    return {prefix + name: tensor for name, tensor in tensors.items()}


def sampled(prefix, tensors):
    """Returns small tensors unchanged, and large ones as every 13th element (`.every_13`) and their norm (`.norm`)."""
    out = {}
    for name, tensor in tensors.items():
        if tensor.numel() <= SAMPLE_ABOVE:
            out[prefix + name] = tensor
        else:
            out[f"{prefix}{name}.every_{SAMPLE_STEP}"] = tensor.flatten()[::SAMPLE_STEP]
            out[f"{prefix}{name}.norm"] = tensor.double().norm().float().reshape(1)
    return out


def differs(name, wanted, got, tolerance):
    """Returns a message if two tensors differ by more than the tolerance, else None."""
    if wanted.shape != got.shape:
        return [f"{name}: shape {list(got.shape)}, wanted {list(wanted.shape)}"]
    apart = (wanted.double() - got.double()).abs().max().item() if wanted.numel() else 0.0
    return [f"{name}: {apart:.3g} apart"] if not apart <= tolerance else []


def finish(folder, wrong):
    files = [f for f in sorted(folder.rglob("*")) if f.is_file()]
    print(f"{folder.relative_to(ROOT)}: {len(files)} files, {sum(f.stat().st_size for f in files):,} bytes")
    for line in wrong:
        print("  wrong: " + line)
    sys.exit(1 if wrong else 0)
