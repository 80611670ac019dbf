"""Fixtures of the reference ConvNet: base, LoRA, twenty training steps of each, and PEFT adapters.

See README.md for the files and their keys.
"""
import json
import shutil

from fixture_io import ROOT, differs, finish, load, prefixed, sampled, save, seed

import torch
import torch.nn.functional as F
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from torch import nn

from networks import ConvNet

FOLDER = ROOT / "vision/src/test/resources/fixtures/convnet"
LINEAR = ["fc1", "fc2", "fc3"]
RANK, ALPHA, STEPS, BATCH = 4, 4, 20, 4
# With Adam's default eps of 1e-8 a gradient near zero moves its weight by lr in a direction that depends on rounding, so
# two CPUs diverge after a few steps; eps = 1e-4 keeps the steps as smooth as the gradients.
OPTIMIZERS = dict(
    sgd_base=dict(type="SGD", lr=1e-3, momentum=0.9),
    sgd_lora=dict(type="SGD", lr=1e-4, momentum=0.9),
    adamw_base=dict(type="AdamW", lr=1e-3, betas=[0.9, 0.999], eps=1e-4, weight_decay=0.01),
    adamw_lora=dict(type="AdamW", lr=1e-3, betas=[0.9, 0.999], eps=1e-4, weight_decay=0.01),
)
PEFT_CONFIGS = dict(
    peft_default={},
    peft_rslora=dict(use_rslora=True),
    peft_patterns=dict(rank_pattern=dict(fc2=2), alpha_pattern=dict(fc1=16, fc3=2)),
)


class LoraLinear(nn.Module):
    """The reference LoRA: W x + b + (alpha / r) B A x."""

    def __init__(self, base):
        super().__init__()
        self.base = base
        self.lora_A = nn.Linear(base.in_features, RANK, bias=False)
        self.lora_B = nn.Linear(RANK, base.out_features, bias=False)

    def forward(self, x):
        return self.base(x) + self.lora_B(self.lora_A(x)) * (ALPHA / RANK)


def base_net():
    net = ConvNet()
    net.load_state_dict(load_file(FOLDER / "base.safetensors"))
    return net


def lora_net(tensors):
    net = base_net().requires_grad_(False)
    for name in LINEAR:
        layer = LoraLinear(getattr(net, name))
        layer.lora_A.weight.data = tensors[f"{name}.lora_A.weight"].clone()
        layer.lora_B.weight.data = tensors[f"{name}.lora_B.weight"].clone()
        setattr(net, name, layer)
    return net


def backward(net, batch):
    """Logits, mean cross-entropy, and the gradient of every parameter that has one (conv3 has none)."""
    logits = net(batch["input"])
    loss = F.cross_entropy(logits, batch["labels"])
    loss.backward()
    gradients = {n: p.grad for n, p in net.named_parameters() if p.grad is not None}
    return dict(logits=logits, loss=loss.reshape(1)), gradients


def train(net, optimizer, batch):
    arguments = {k: v for k, v in optimizer.items() if k != "type"}
    steps = getattr(torch.optim, optimizer["type"])([p for p in net.parameters() if p.requires_grad], **arguments)
    losses = []
    for pick in batch["order"]:
        steps.zero_grad()
        loss = F.cross_entropy(net(batch["input"][pick]), batch["labels"][pick])
        loss.backward()
        steps.step()
        losses.append(loss.item())
    return torch.tensor(losses), {n: p for n, p in net.named_parameters() if p.requires_grad}


def make():
    seed("convnet base")
    net = ConvNet()
    save(FOLDER / "base.safetensors", net.state_dict(), dict(format="pt"))
    order = torch.cat([torch.randperm(8) for _ in range(STEPS * BATCH // 8)]).reshape(STEPS, BATCH)
    batch = dict(input=torch.rand(8, 3, 32, 32) * 2 - 1, labels=torch.randint(10, (8,)), order=order)
    save(FOLDER / "batch.safetensors", batch, {})
    outputs, gradients = backward(net, batch)
    save(FOLDER / "base_expected.safetensors", outputs | prefixed("grad.", gradients), {})

    adapter = {}
    for name in LINEAR:
        layer = LoraLinear(getattr(net, name))
        adapter[f"{name}.lora_A.weight"] = layer.lora_A.weight.detach()
        adapter[f"{name}.lora_B.weight"] = torch.randn_like(layer.lora_B.weight) * 0.2
    outputs, gradients = backward(lora_net(adapter), batch)
    merged = {f"{n}.weight": getattr(net, n).weight.detach()
              + ALPHA / RANK * adapter[f"{n}.lora_B.weight"] @ adapter[f"{n}.lora_A.weight"] for n in LINEAR}
    save(FOLDER / "lora.safetensors", adapter | outputs | prefixed("grad.", gradients) | sampled("merged.", merged),
         dict(rank=RANK, alpha=ALPHA, targets=LINEAR))

    for name, optimizer in OPTIMIZERS.items():
        losses, final = train(base_net() if name.endswith("base") else lora_net(adapter), optimizer, batch)
        save(FOLDER / f"train_{name}.safetensors", dict(losses=losses) | sampled("final.", final),
             dict(optimizer=optimizer))
    for name, options in PEFT_CONFIGS.items():
        make_peft(FOLDER / name, options, batch)


def make_peft(folder, options, batch):
    seed("convnet " + folder.name)
    config = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=LINEAR, **options)
    model = get_peft_model(base_net(), config)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(parameter, std=0.2)
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    expected, gradients = backward(model, batch)
    on_disk = {n.replace(".default.", "."): g for n, g in gradients.items()}
    merged = model.merge_and_unload().state_dict()
    save(folder / "expected.safetensors", expected | prefixed("grad.", on_disk)
         | sampled("merged.", {f"{n}.weight": merged[f"{n}.weight"] for n in LINEAR}), {})


def check():
    batch, _ = load(FOLDER / "batch.safetensors")
    lora, _ = load(FOLDER / "lora.safetensors")
    wrong = compare("base", load(FOLDER / "base_expected.safetensors")[0], *backward(base_net(), batch))
    wrong += compare("lora", lora, *backward(lora_net(lora), batch))
    for name in OPTIMIZERS:
        tensors, metadata = load(FOLDER / f"train_{name}.safetensors")
        net = base_net() if name.endswith("base") else lora_net(lora)
        losses, final = train(net, json.loads(metadata["optimizer"]), batch)
        for key, value in (dict(losses=losses) | sampled("final.", final)).items():
            wrong += differs(f"{name} {key}", tensors[key], value, 1e-5)
    for name in PEFT_CONFIGS:
        model = PeftModel.from_pretrained(base_net(), FOLDER / name, is_trainable=True)
        expected, _ = load(FOLDER / name / "expected.safetensors")
        outputs, gradients = backward(model, batch)
        wrong += compare(name, expected, outputs, {n.replace(".default.", "."): g for n, g in gradients.items()})
        merged = model.merge_and_unload().state_dict()
        merged = sampled("merged.", {f"{n}.weight": merged[f"{n}.weight"] for n in LINEAR})
        for key, value in merged.items():
            wrong += differs(f"{name} {key}", expected[key], value, 1e-5)
    return wrong


def compare(name, expected, outputs, gradients):
    got = outputs | prefixed("grad.", gradients)
    missing = {k for k in expected if k.startswith("grad.")} ^ {k for k in got if k.startswith("grad.")}
    wrong = [f"{name}: gradients that only one side has: {sorted(missing)}"] if missing else []
    for key, value in got.items():
        if key in expected:
            wrong += differs(f"{name} {key}", expected[key], value, 2e-6)
    return wrong


if __name__ == "__main__":
    shutil.rmtree(FOLDER, ignore_errors=True)
    make()
    finish(FOLDER, check())
