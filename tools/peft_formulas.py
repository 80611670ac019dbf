"""PEFT's arithmetic written out in plain tensors, as a checked specification of the Java side.

check_merged computes a fixture's merged weights from its base, adapter tensors and config alone.
"""
import math
import re

import torch

from networks import NETWORKS
from transformers.pytorch_utils import Conv1D

PREFIX = "base_model.model."


def pattern(patterns, module, default):
    """Looks up rank_pattern or alpha_pattern: regular expressions for the last segments of a path; the first match wins."""
    for key, value in patterns.items():
        if re.match(rf"(.*\.)?({key})$", module):
            return value
    return default


def scaling(config, module, rank):
    """alpha / r, or alpha / sqrt(r) for rsLoRA."""
    alpha = pattern(config["alpha_pattern"], module, config["lora_alpha"])
    return alpha / (math.sqrt(rank) if config["use_rslora"] else rank)


def linear_delta(A, B):
    return B @ A  # [out, r] @ [r, in]


def conv_delta(A, B, shape):
    """A is a convolution to r channels with the base's kernel, B one from r channels with kernel 1; [out, in, *kernel]."""
    return (B.flatten(1) @ A.flatten(1)).reshape(shape)


def experts_delta(A, B, experts, transposed):
    """In A [experts * r, in] the expert is the outer index, in B [out, r * experts] the inner one."""
    A = A.reshape(experts, -1, A.shape[-1])  # [E, r, in]
    B = B.reshape(B.shape[0], -1, experts).permute(2, 0, 1)  # [E, out, r]
    delta = B @ A  # [E, out, in]
    return delta.transpose(1, 2) if transposed else delta


def dora(weight, magnitude, out_dim):
    """Scales each row (or kernel; each column of an Embedding or Conv1D) to the length given by magnitude."""
    others = [d for d in range(weight.dim()) if d != out_dim]
    norm = torch.linalg.vector_norm(weight, dim=others, keepdim=True)
    shape = [-1 if d == out_dim else 1 for d in range(weight.dim())]
    return magnitude.reshape(shape) / norm * weight


def merged(network, base, adapter, config):
    """Returns the base parameters with the adapter merged."""
    net = NETWORKS[network]()
    modules = dict(net.named_modules())
    out = dict(base)
    adapter = {k.removeprefix(PREFIX): v for k, v in adapter.items()}
    taken = set()

    def take(key):
        taken.add(key)
        return adapter[key]

    for key in sorted(adapter):  # LoRA first: parameters without LoRA replace the base's
        if key.endswith((".lora_A.weight", ".lora_embedding_A")):
            wrapped, kind = key.rsplit(".lora_", 1)
            path = wrapped.replace(".base_layer", "")
            module = modules[path]
            embedding = kind == "embedding_A"
            A = take(key)
            B = take(f"{wrapped}.lora_embedding_B" if embedding else f"{wrapped}.lora_B.weight")
            parameter = parameter_of(module, wrapped.count(".base_layer"), config, path)
            weight = base[f"{path}.{parameter}"]
            experts = weight.shape[0] if parameter != "weight" and weight.dim() == 3 else 1
            s = scaling(config, path if parameter == "weight" else f"{path}.{parameter}", A.shape[0] // experts)
            turned = embedding or isinstance(module, Conv1D)  # stored as [in, out]
            if experts > 1:
                delta = experts_delta(A, B, experts, getattr(module, "is_transposed", False))
            elif A.dim() > 2:
                delta = conv_delta(A, B, weight.shape)
            else:
                delta = linear_delta(A, B).T if turned else linear_delta(A, B)
            weight = weight + s * delta
            if config["use_dora"]:
                weight = dora(weight, take(f"{wrapped}.lora_magnitude_vector"), 1 if turned else 0)
            out[f"{path}.{parameter}"] = weight
            if f"{wrapped}.lora_B.bias" in adapter:
                bias = adapter.get(f"{wrapped}.base_layer.bias", base[f"{path}.bias"])
                out[f"{path}.bias"] = bias + s * take(f"{wrapped}.lora_B.bias")
                taken.add(f"{wrapped}.base_layer.bias")
    for key in sorted(adapter.keys() - taken):
        if key.endswith(".token_adapter.trainable_tokens_delta"):  # not a delta: the rows themselves
            path = key.removesuffix(".token_adapter.trainable_tokens_delta")
            rows = base[f"{path}.weight"].clone()
            rows[config["trainable_token_indices"][path]] = adapter[key]
            out[f"{path}.weight"] = rows
        else:
            out[key.replace(".base_layer.", ".")] = adapter[key]
    return out


def parameter_of(module, depth, config, path):
    """Returns the parameter of a wrapper. Wrappers of one module nest: the first declared is the innermost."""
    declared = [n for n, _ in module.named_parameters(recurse=False)]
    targets = config["target_parameters"] or []
    targeted = [n for n in declared if any(f".{path}.{n}".endswith(f".{t}") for t in targets)]
    return targeted[len(targeted) - 1 - depth] if targeted else "weight"
