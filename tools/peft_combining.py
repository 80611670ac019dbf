"""PEFT's add_weighted_adapter written out in plain tensors, as a checked specification."""
import math

import torch

from networks import NETWORKS
from peft_formulas import PREFIX, scaling
from transformers.pytorch_utils import Conv1D


def factors(adapter):
    """Maps path -> (A, B) of an adapter's tensors."""
    out = {}
    for key, A in adapter.items():
        for a, b in (("lora_A.weight", "lora_B.weight"), ("lora_embedding_A", "lora_embedding_B")):
            if key.endswith("." + a):
                out[key.removeprefix(PREFIX).removesuffix("." + a)] = A, adapter[key.removesuffix(a) + b]
    return out


def prune(tensor, density):
    """Keeps the int(density * size) entries with the largest magnitude."""
    if density >= 1:
        return tensor
    keep = tensor.abs().flatten().topk(int(density * tensor.numel())).indices
    return tensor * torch.zeros(tensor.numel()).index_fill_(0, keep, 1).reshape(tensor.shape)


def mix(kind, tensors, weights, density, sign_by):
    """Combines by `kind` without _svd: a weighted sum, after pruning if any, and for ties of values that agree in sign."""
    if kind.startswith(("ties", "magnitude")):
        tensors = [prune(t, density) for t in tensors]
    stack = torch.stack(tensors)
    weights = torch.tensor(weights).reshape(-1, *[1] * (stack.dim() - 1))
    if "ties" not in kind:
        return (stack * weights).sum(0)
    votes = stack.sum(0) if sign_by == "total" else stack.sign().sum(0)  # unweighted; a tie counts as plus
    agrees = stack.sign() == torch.where(votes >= 0, 1, -1)  # a zero agrees with neither
    return (stack * weights * agrees).sum(0) / agrees.sum(0).clamp(min=1)


def combined(network, case, first, second):
    """Maps path -> combined delta, in the layout of the base weight; first and second are (tensors, config)."""
    modules = dict(NETWORKS[network]().named_modules())
    kind, density = case["combination_type"], case.get("density")
    sign_by = case.get("majority_sign_method", "total")
    filled = [(factors(t), dict(alpha_pattern={}, use_rslora=False) | c) for t, c in (first, second)]
    ranks = [max([c["r"], *c.get("rank_pattern", {}).values()]) for _, c in filled]
    new_rank = sum(ranks) if kind == "cat" else case.get("svd_rank") or max(ranks)
    new_scaling = math.sqrt(new_rank) if filled[0][1]["use_rslora"] else 1  # alpha = r, and rsLoRA stays on
    out = {}
    for path in dict.fromkeys(p for f, _ in filled for p in f):
        parts = [(*f[path], w * scaling(c, path, f[path][0].shape[0])) for (f, c), w in zip(filled, case["weights"])
                 if path in f]
        if kind == "cat":
            A, B = torch.cat([s * A for A, _, s in parts]), torch.cat([B for _, B, _ in parts], 1)
        elif "svd" not in kind:
            roots = [math.sqrt(abs(s)) for _, _, s in parts]
            signed = [math.copysign(root, s) for root, (_, _, s) in zip(roots, parts)]
            A = mix(kind, [A for A, _, _ in parts], signed, density, sign_by)
            B = mix(kind, [B for _, B, _ in parts], roots, density, sign_by)
        else:
            weights = [w for (f, _), w in zip(filled, case["weights"]) if path in f]
            deltas = [s / w * B.flatten(1) @ A.flatten(1) for (A, B, s), w in zip(parts, weights)]
            U, S, V = torch.linalg.svd(mix(kind, deltas, weights, density, sign_by), full_matrices=False)
            A, B = V[:new_rank], U[:, :new_rank] * S[:new_rank]
        delta = new_scaling * B.flatten(1) @ A.flatten(1)
        module = modules[path]
        turned = isinstance(module, (torch.nn.Embedding, Conv1D))
        out[path] = delta.T if turned else delta.reshape(module.weight.shape)
    return out
