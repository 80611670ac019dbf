"""Cases outside the axes of peft_cases: data-driven and converted inits, and layers that PEFT handles wrongly."""
import collections
import pathlib
import tempfile

from fixture_io import load, prefixed, save, seed

import torch
from peft import EvaConfig, LoraConfig, get_peft_model, initialize_lora_eva_weights
from torch import nn

import peft_cases as cases
from peft_run import FOLDER, TOLERANCE, Refused, base, disturb, reloaded, save_case, stage, written


def special(name, network, note, prepare=None, **arguments):
    """A case outside the axes."""
    return name, network, note, prepare, cases.COMMON | arguments


def eva(model):
    """EVA: A from the principal directions of the inputs, ranks distributed by explained variance."""
    spread = torch.tensor([8.0, 4, 2, 1, 0.5, 0.2, 0.1, 0.1])  # well separated, since PEFT's incremental SVD is approximate
    calibration = torch.randn(6, 32, 8) * spread @ torch.linalg.qr(torch.randn(8, 8))[0]
    initialize_lora_eva_weights(model, list(calibration), forward_fn=lambda net, x: net(x), show_progress_bar=False,
                                prepare_model_inputs_fn=None, prepare_layer_inputs_fn=None)
    return dict(calibration=calibration)


SPECIAL = [
    special("mlp-lora-true-layers_pattern", "mlp", "layers_to_transform as a number, with a layers_pattern",
            target_modules=["fc"], layers_to_transform=0, layers_pattern="layers"),
    special("embedding-lora-pissa-embed_fc", "embedding",
            "fc starts as PiSSA, the embedding silently as with init_lora_weights=true",
            target_modules=["embed", "fc"], init_lora_weights="pissa"),
    special("mlp-eva", "mlp", "calibration is [batches, 32, 8]; metadata adapter_config has the redistributed ranks",
            eva, r=3, target_modules=["fc", "head"], init_lora_weights="eva", eva_config=EvaConfig(rho=2.0, tau=0.99)),
    special("mlp-eva-rho_1", "mlp", "as mlp-eva, but every layer keeps its rank",
            eva, target_modules=["fc", "head"], init_lora_weights="eva", eva_config=EvaConfig(rho=1.0, tau=0.99)),
    special("gpt2block-lora-olora-square", "gpt2block",
            "PEFT's OLoRA forgets that a Conv1D keeps its weight transposed: this layer does not start as its base",
            target_modules=["attn.c_proj"], init_lora_weights="olora", fan_in_fan_out=True),
    special("mlp-lora-true-pattern_order", "mlp",
            "both patterns match layers.1.fc, the first given wins; the file sorts them, so PEFT can't reload its own",
            target_modules=["fc"], rank_pattern={"fc": 4, "1.fc": 2}),
]


def add_all(index):
    for name, network, note, prepare, arguments in SPECIAL:
        try:
            index.add(save_case(name, network, arguments, prepare, note), [])
        except Refused as refused:
            index.refuse(name, network, arguments, refused)
    for init, more in (("pissa", {}), ("olora", {}), ("pissa", dict(use_rslora=True)),
                       ("pissa", dict(rank_pattern={"1.fc": 4}, alpha_pattern={"0.fc": 5}))):
        case = converted("-".join(["mlp-converted", init, *more]), init, more)
        index.add(case, ["path_initial_model_for_weight_conversion"])
    layers_alone(index)


def converted(name, init, more):
    """PiSSA or OLoRA saved as LoRA of twice the rank for the original base: [A; A0], [B, -B0]."""
    seed("peft " + name)
    arguments = cases.COMMON | dict(target_modules=["fc"], init_lora_weights=init) | more
    shared, _ = load(FOLDER / "input_mlp.safetensors")
    model = get_peft_model(base("mlp"), LoraConfig(**cases.copy(arguments))).eval()
    model.peft_config["default"].init_lora_weights = True  # PEFT requires this before the initial adapter is saved
    with tempfile.TemporaryDirectory() as folder:
        first, last = pathlib.Path(folder) / "initial", pathlib.Path(folder) / "converted"
        model.save_pretrained(first)
        model.peft_config["default"].init_lora_weights = init
        disturb(model)
        logits = model(shared["input"])
        _, trained = written(model)
        model.save_pretrained(last, path_initial_model_for_weight_conversion=str(first))
        config = (last / "adapter_config.json").read_text()
        initial, tensors = (load(f / "adapter_model.safetensors")[0] for f in (first, last))
    apart = (reloaded("mlp", config, tensors)(shared["input"]) - logits).abs().max().item()
    case = dict(name=name, network="mlp", options=arguments, tolerance=TOLERANCE,
                note="adapter.* is the converted one, for the pristine base; trained.* and init.* are its sources")
    if apart > TOLERANCE["absolute"]:
        case["reload_differs"] = f"the converted adapter is {apart:.2g} away from the trained one"
    out = prefixed("adapter.", tensors) | prefixed("trained.", trained) | prefixed("init.", initial)
    save(FOLDER / f"{name}.safetensors", out | dict(logits=logits), dict(case=case, adapter_config=config))
    return case


def layers_alone(index):
    """Layers that PEFT cannot adapt correctly, each alone in a network."""
    dilated, point3d = nn.Conv2d(2, 4, 3, dilation=2), nn.Conv3d(2, 4, 1)
    circular, padded_same = nn.Conv2d(2, 4, 3, padding=1, padding_mode="circular"), nn.Conv2d(2, 4, 3, padding="same")
    odd_groups, plane = nn.Conv2d(3, 6, 3, groups=3), nn.Conv3d(2, 4, (1, 1, 3))
    for name, layer, shape in (("dilation", dilated, [1, 2, 7, 7]), ("conv3d kernel 1", point3d, [1, 2, 3, 3, 3]),
                               ("conv3d kernel (1, 1, 3)", plane, [1, 2, 3, 3, 3]),
                               ("padding_mode circular", circular, [1, 2, 5, 5]),
                               ("padding same", padded_same, [1, 2, 5, 5]),
                               ("rank 2 of groups 3", odd_groups, [1, 3, 5, 5])):
        seed("peft alone " + name)
        try:
            net, x = nn.Sequential(collections.OrderedDict(layer=layer)).eval(), torch.randn(shape)
            model = stage("create", get_peft_model, net, LoraConfig(**cases.COMMON, target_modules=["layer"])).eval()
            disturb(model)
            adapted = stage("forward", model, x)
            merged = stage("merge", model.merge_and_unload)(x)
            apart = (adapted - merged).abs().max().item()
            if apart > 1e-5:
                raise Refused("merge", ValueError(f"no error, but the merged layer is {apart:.2g} away"))
        except Refused as refused:
            index.refuse("alone: " + name, None, dict(layer=str(layer)), refused)
