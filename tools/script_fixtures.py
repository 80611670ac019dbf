"""TorchScript files, scripted and traced, and PEFT adapters for the same networks in Python.

See README.md for the files and their keys.
"""
import io
import pickle
import shutil
import warnings
import zipfile

from fixture_io import ROOT, differs, finish, load, prefixed, save, seed

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from torch import nn

from networks import ConvNet
from script_networks import (SCRIPTED, Dictionary, Named, NoForward, OnDevice, Pair, Regressor, Training,
                             TwoInputs, Writer)

FOLDER = ROOT / "torchscript/src/test/resources/fixtures/script"
CONVNET = ROOT / "vision/src/test/resources/fixtures/convnet"
CASES = dict(
    resnet=dict(
        convs=dict(r=3, lora_alpha=6, target_modules=["conv1", "conv2", "downsample.0", "fc"]),
        dora=dict(r=2, lora_alpha=4, use_dora=True, target_modules=["layer2.0.conv1", "fc"]),
        more=dict(r=2, use_rslora=True, bias="lora_only", target_modules=".*conv2|fc", rank_pattern={"fc": 3},
                  modules_to_save=["layer1.0.conv1"]),
    ),
    encoder=dict(
        feed=dict(r=2, lora_alpha=4, target_modules=["linear1", "linear2"]),
        attention=dict(r=2, lora_alpha=4, target_modules=["head"], target_parameters=["self_attn.in_proj_weight"]),
    ),
    tokens=dict(
        embedding=dict(r=2, lora_alpha=6, target_modules=["embed", "fc"], lora_dropout=0.1),
        rows=dict(r=2, target_modules=["fc"], lora_bias=True, trainable_token_indices={"embed": [1, 5]}),
    ),
    bag=dict(weight=dict(r=2, lora_alpha=4, target_modules=["fc"], target_parameters=["bag.weight"])),
    siamese=dict(),  # PEFT adapts one of the two occurrences, and merges into both
)


def adapted(net, config):
    """Returns PEFT's model. Encoder layers are in training mode, since their fast path bypasses adapters."""
    model = get_peft_model(net, LoraConfig(**config))
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            with torch.no_grad():
                parameter.add_(torch.randn_like(parameter) * 0.2)
                if "lora_embedding_A" in name:
                    parameter[:, 0] = 0  # the padding column, which stays zero in training
    return mode(model)


def mode(model):
    model.eval()
    for module in model.modules():
        if isinstance(module, nn.TransformerEncoderLayer):
            module.train()
    return model


def backward(model, inputs):
    logits = model(inputs["input"])
    logits.backward(inputs["grad_output"])
    return logits, {n.replace(".default", ""): p.grad for n, p in model.named_parameters() if p.grad is not None}


def on_disk(gradients):
    """Returns gradients by PEFT's keys."""
    return {name.replace(".modules_to_save.", ".").replace("magnitude_vector.weight", "magnitude_vector"): gradient
            for name, gradient in gradients.items()}


def networks(name):
    seed("script " + name)
    return SCRIPTED[name]().eval()


def make():
    write(FOLDER / "convnet", convnet(), torch.zeros(1, 3, 32, 32))
    for name in SCRIPTED:
        net = networks(name)
        example = type(net).example()
        write(FOLDER / name, net, example)
        save(FOLDER / f"{name}.safetensors",
             dict(input=example, grad_output=torch.randn_like(net(example)), base_logits=net(example)), {})
        save(FOLDER / f"base_{name}.safetensors", net.state_dict(), {})
        for case, config in CASES[name].items():
            make_case(name, case, config)
    both = TwoInputs().eval()
    store(torch.jit.script(both), FOLDER / "containers.scripted.pt")
    seed("script regressor")
    store(torch.jit.script(Regressor().eval()), FOLDER / "regressor.scripted.pt")
    refused()
    seed("script answers")
    answers()


def convnet():
    net = ConvNet()
    net.load_state_dict(load_file(CONVNET / "base.safetensors"))
    return net.eval()


def write(path, net, example):
    store(torch.jit.script(net), path.with_suffix(".scripted.pt"))
    store(torch.jit.trace(net, example, check_trace=False), path.with_suffix(".traced.pt"))


def store(script, path):
    """Strips debug records, which name source files, and a trace's example."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = io.BytesIO()
    torch.jit.save(script, whole)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            if not name.endswith(".debug_pkl") and "/traced_inputs" not in name:
                inside = "/".join([path.stem, *name.split("/")[1:]])
                target.writestr(zipfile.ZipInfo(inside), source.read(name))


def make_case(name, case, config):
    folder = FOLDER / name / case
    model = adapted(networks(name), config)
    model.save_pretrained(folder)
    (folder / "README.md").unlink()
    save(folder / "expected.safetensors", expected(model, name), {})


def expected(model, name):
    inputs, _ = load(FOLDER / f"{name}.safetensors")
    logits, gradients = backward(model, inputs)
    merged = mode(model).merge_and_unload()
    with torch.no_grad():
        return dict(logits=logits) | prefixed("grad.", on_disk(gradients)) | dict(
            merged_logits=mode(merged)(inputs["input"]))


def refused():
    """Files that are easily mistaken for TorchScript files."""
    net = nn.Linear(2, 2)
    torch.save(net.state_dict(), FOLDER / "state_dict.pt")
    (FOLDER / "old_pickle.pt").write_bytes(pickle.dumps(dict(weight=[1.0, 2.0]), protocol=2))
    torch.save(net, FOLDER / "whole_module.pt")
    script = torch.jit.script(nn.Sequential(nn.Linear(2, 2)).eval())
    store(torch.jit.freeze(script), FOLDER / "frozen.pt")
    store(torch.jit.optimize_for_inference(script), FOLDER / "optimized.pt")
    quantized = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(2, 2)).eval(), {nn.Linear})
    store(torch.jit.script(quantized), FOLDER / "quantized.pt")
    store(torch.jit.script(Writer().eval()), FOLDER / "writer.pt")
    store(torch.jit.script(NoForward().eval()), FOLDER / "no_forward.pt")


def answers():
    """Files whose outputs, dtype, device or mode need care."""
    example = torch.ones(4, 4)
    store(torch.jit.script(Dictionary().eval()), FOLDER / "dictionary.scripted.pt")
    store(torch.jit.trace(Pair().eval(), example), FOLDER / "pair.traced.pt")
    store(torch.jit.script(Named().eval()), FOLDER / "named.scripted.pt")
    store(torch.jit.script(Regressor().half().eval()), FOLDER / "half.scripted.pt")
    store(torch.jit.trace(Training().train(), example, check_trace=False), FOLDER / "training.traced.pt")
    store(torch.jit.trace(Training().eval(), example), FOLDER / "evaluation.traced.pt")
    store(torch.jit.script(Training().train()), FOLDER / "training.scripted.pt")
    cuda = FOLDER / "cuda.traced.pt"
    store(torch.jit.trace(OnDevice().eval(), example), cuda)
    renamed = io.BytesIO()
    with zipfile.ZipFile(cuda) as source, zipfile.ZipFile(renamed, "w") as target:
        for name in source.namelist():
            target.writestr(zipfile.ZipInfo(name), source.read(name).replace(b'device("cpu")', b'device("cuda:0")'))
    cuda.write_bytes(renamed.getvalue())


def check():
    wrong = []
    for name in SCRIPTED:
        inputs, _ = load(FOLDER / f"{name}.safetensors")
        for how in ("scripted", "traced"):
            loaded = torch.jit.load(FOLDER / f"{name}.{how}.pt")
            wrong += differs(f"{name} {how}", inputs["base_logits"], loaded(inputs["input"]), 2e-6)
        for case in CASES[name]:
            wanted, _ = load(FOLDER / name / case / "expected.safetensors")
            model = PeftModel.from_pretrained(networks(name), FOLDER / name / case, is_trainable=True)
            got = expected(mode(model), name)
            if wanted.keys() != got.keys():
                wrong.append(f"{name} {case}: keys differ: {wanted.keys() ^ got.keys()}")
            for key in wanted.keys() & got.keys():
                wrong += differs(f"{name} {case} {key}", wanted[key], got[key], 2e-6)
            wrong += differs(f"{name} {case} merged", wanted["logits"], wanted["merged_logits"], 1e-5)
    return wrong


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    shutil.rmtree(FOLDER, ignore_errors=True)
    make()
    finish(FOLDER, check())
