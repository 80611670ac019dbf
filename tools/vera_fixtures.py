"""PEFT's answers for VeRA: outputs, gradients, merged weights, and what it writes. See README.md for the keys."""
import json
import shutil

from fixture_io import ROOT, differs, finish, load, prefixed, save, seed

import torch
from peft import VeraConfig, get_peft_model, get_peft_model_state_dict

from peft_run import FOLDER as BASES, base, base_weights, disturb, trainable

FOLDER = ROOT / "core/src/test/resources/fixtures/vera"
CASES = {
    "mlp": ("mlp", dict(r=4, target_modules=["fc", "head"])),
    "mlp-options": ("mlp", dict(r=5, target_modules=r".*\.fc", d_initial=0.3, projection_prng_key=11, vera_dropout=0.1)),
    "mlp-layer": ("mlp", dict(r=3, target_modules=["fc"], layers_to_transform=[1], modules_to_save=["head"])),
    "mlp-drawn_again": ("mlp", dict(r=4, target_modules=["fc"], save_projection=False, projection_prng_key=7)),
    "gpt2block": ("gpt2block", dict(r=6, target_modules=["c_attn", "c_fc", "attn.c_proj"], fan_in_fan_out=True)),
}


def adapter_tensors(model):
    return {key: tensor.detach().clone() for key, tensor in get_peft_model_state_dict(model).items()}


def make(name, network, arguments):
    seed("vera " + name)
    shared, _ = load(BASES / f"input_{network}.safetensors")
    model = get_peft_model(base(network), VeraConfig(**arguments)).eval()
    fresh = adapter_tensors(model)
    projections = {"vera_A": model.base_model.vera_A["default"], "vera_B": model.base_model.vera_B["default"]}
    disturb(model)
    logits = model(shared["input"])
    logits.backward(shared["grad_output"])
    tensors = get_peft_model_state_dict(model)
    place = {tensor.data_ptr(): key for key, tensor in tensors.items()}
    gradients = {place[p.data_ptr()]: p.grad for p in trainable(model).values()}
    config = model.peft_config["default"].to_dict()
    config["target_modules"] = sorted(t) if isinstance(t := config["target_modules"], set) else t
    tensors = {key: tensor.detach().clone() for key, tensor in tensors.items()}
    merged = model.merge_and_unload()
    out = prefixed("fresh.", fresh) | prefixed("projection.", projections) | prefixed("adapter.", tensors)
    out |= dict(logits=logits) | prefixed("grad.", gradients)
    out |= prefixed("merged.", merged.state_dict()) | dict(merged_logits=merged(shared["input"]))
    text = json.dumps(config, default=lambda value: getattr(value, "value", str(value)))
    save(FOLDER / f"{name}.safetensors", out, dict(case=dict(name=name, network=network), adapter_config=text))


def check(name, network):
    """The logits again by the formula of the paper, from the file alone."""
    tensors, metadata = load(FOLDER / f"{name}.safetensors")
    shared, _ = load(BASES / f"input_{network}.safetensors")
    a, b = tensors["projection.vera_A"], tensors["projection.vera_B"]
    net = base(network)
    for key, value in tensors.items():
        if key.startswith("adapter.") and key.endswith("vera_lambda_b"):
            path = key.removeprefix("adapter.base_model.model.").removesuffix(".vera_lambda_b")
            layer, d = net.get_submodule(path), tensors[key.removesuffix("b") + "d"]
            transposed = network == "gpt2block"
            size = layer.weight.shape[0 if transposed else 1]
            delta = (value.unsqueeze(1) * b[:len(value)]) @ (d.unsqueeze(1) * a[:, :size])
            layer.weight.data += delta.T if transposed else delta
        elif key.startswith("adapter.base_model.model.head.") and "lambda" not in key:
            net.head.get_parameter(key.rsplit(".", 1)[1]).data.copy_(value)
    return differs(f"{name}: logits by our formula", tensors["logits"], net(shared["input"]), 1e-5)


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    wrong = []
    for name, (network, arguments) in CASES.items():
        make(name, network, arguments)
        wrong += check(name, network)
    finish(FOLDER, wrong)


if __name__ == "__main__":
    main()
