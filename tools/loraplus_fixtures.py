"""Three steps of PEFT's create_loraplus_optimizer: each parameter's learning rate and values."""
import shutil

from fixture_io import ROOT, differs, finish, load, save, seed

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from peft.optimizers import create_loraplus_optimizer
from torch import nn

from networks import NETWORKS

FOLDER = ROOT / "core/src/test/resources/fixtures/loraplus"
SETTINGS = dict(lr=1e-2, loraplus_lr_ratio=8.0, loraplus_lr_embedding=3e-3, loraplus_weight_decay=0.1)
OPTIMIZERS = dict(adamw=(torch.optim.AdamW, {}), sgd=(torch.optim.SGD, dict(momentum=0.9)))
OPTIONS = dict(r=2, lora_alpha=4, target_modules=["embed", "fc"], lora_bias=False, use_dora=True, bias="lora_only",
               modules_to_save=["head"])
STEPS = 3


def adapted(base):
    net = NETWORKS["embedding"]()
    net.load_state_dict(base)
    return get_peft_model(net, LoraConfig(**OPTIONS)).eval()


def trained(model, optimizer, batch):
    kind, more = OPTIMIZERS[optimizer]
    settings = dict(SETTINGS)
    if kind is torch.optim.SGD:  # ours has no weight decay
        settings["loraplus_weight_decay"] = 0.0
    steps = create_loraplus_optimizer(model, kind, **settings, **more)
    for _ in range(STEPS):
        steps.zero_grad()
        nn.functional.cross_entropy(model(batch["input"]), batch["labels"]).backward()
        steps.step()
    return {k: v.detach().clone() for k, v in get_peft_model_state_dict(model).items()}


def make():
    wrong = []
    for name in OPTIMIZERS:
        seed("loraplus " + name)
        base = NETWORKS["embedding"]().state_dict()
        batch = dict(input=torch.randint(0, 12, (6, 5)), labels=torch.randint(0, 3, (6,)))
        model = adapted(base)
        for key, parameter in model.named_parameters():
            if parameter.requires_grad and ("lora_B" in key or "embedding_A" in key):
                nn.init.normal_(parameter, std=0.3)
        initial = {k: v.detach().clone() for k, v in get_peft_model_state_dict(model).items()}
        final = trained(model, name, batch)
        path = FOLDER / f"{name}.safetensors"
        save(path, {f"base.{k}": v for k, v in base.items()} | batch | {f"adapter.{k}": v for k, v in initial.items()}
             | {f"final.{k}": v for k, v in final.items()},
             dict(settings=SETTINGS, adapter_config={k: v for k, v in OPTIONS.items()} | dict(peft_type="LORA")))
        read, _ = load(path)
        for key, value in initial.items():
            wrong += differs(f"{name} {key}", read["adapter." + key], value, 0)
    return wrong


if __name__ == "__main__":
    shutil.rmtree(FOLDER, ignore_errors=True)
    finish(FOLDER, make())
