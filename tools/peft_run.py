"""Runs one configuration in PEFT and returns its results or its refusal; used by the other peft_*.py scripts."""
import dataclasses
import json
import pathlib
import tempfile
import warnings

from fixture_io import ROOT, load, prefixed, save, seed

import peft
import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from torch import nn

import peft_cases as cases
from networks import NETWORKS

FOLDER = ROOT / "core/src/test/resources/fixtures/peft"
TOLERANCE = dict(absolute=1e-5, relative=1e-5)  # |a - b| <= absolute + relative * |b|
DATA_DRIVEN = ("pissa", "olora", "eva")  # inits that change the base weights, or come from data
warnings.simplefilter("ignore")


class Refused(Exception):
    """An error raised by PEFT in the given stage."""

    def __init__(self, stage, error):
        super().__init__(f"{stage}: {error}")
        self.stage = stage
        self.message = f"{type(error).__name__}: {(str(error).strip() or '(no message)').splitlines()[0]}"


def stage(name, function, *args, **kwargs):
    try:
        return function(*args, **kwargs)
    except Exception as error:
        raise Refused(name, error) from error


def make_base(network):
    seed("peft base " + network)
    net = NETWORKS[network]()
    for name, parameter in net.named_parameters():
        if "ln_" in name or (name.startswith("transformer") and name.endswith("bias")):
            nn.init.normal_(parameter, mean=1.0 if name.endswith("weight") else 0.0, std=0.3)
        elif name.startswith("transformer"):
            nn.init.normal_(parameter, std=0.3)
    x = NETWORKS[network].example()
    logits = net(x)
    save(FOLDER / f"base_{network}.safetensors", net.state_dict(), dict(format="pt"))
    save(FOLDER / f"input_{network}.safetensors",
         dict(input=x, grad_output=torch.randn(logits.shape), base_logits=logits), {})


def base(network):
    net = NETWORKS[network]()
    net.load_state_dict(load(FOLDER / f"base_{network}.safetensors")[0])
    return net.eval()


def trainable(model):
    return {n: p for n, p in model.named_parameters() if p.requires_grad}


def disturb(model):
    """Moves every trainable parameter, as training would: with B = 0 an adapter has no effect."""
    for parameter in trainable(model).values():
        still_zero = not parameter.any()
        parameter.data += torch.randn_like(parameter) * (0.3 if still_zero else 0.1)


def on_disk(model, adapter="default"):
    """Returns the tensors that save_pretrained writes, and the key of each trainable parameter."""
    tensors = get_peft_model_state_dict(model, adapter_name=adapter)
    place = {tensor.data_ptr(): key for key, tensor in tensors.items()}
    return tensors, {n: place.get(p.data_ptr()) for n, p in trainable(model).items()}


def base_weights(model):
    """Returns the base parameters of an adapted model, under their names without the adapter."""
    out = {}
    for name, parameter in model.named_parameters():
        if any(w in name for w in ("lora_", ".modules_to_save.", "token_adapter.trainable")):
            continue
        for wrapper in (".base_layer", ".original_module", ".token_adapter"):
            name = name.replace(wrapper, "")
        out[name.removeprefix("base_model.model.")] = parameter
    return out


def changed(before, after):
    return {n: t.detach().clone() for n, t in after.items() if n in before and not torch.equal(t, before[n])}


def written(model, adapter="default"):
    """Returns adapter_config.json and the tensors as written by save_pretrained."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder, selected_adapters=[adapter])
        place = pathlib.Path(folder) / ("" if adapter == "default" else adapter)
        tensors, _ = load(place / "adapter_model.safetensors")
        return (place / "adapter_config.json").read_text(), tensors


def reloaded(network, config, tensors):
    """Returns a fresh base with the adapter loaded by from_pretrained."""
    with tempfile.TemporaryDirectory() as folder:
        (pathlib.Path(folder) / "adapter_config.json").write_text(config)
        save(pathlib.Path(folder) / "adapter_model.safetensors", tensors, dict(format="pt"))
        return PeftModel.from_pretrained(base(network), folder, is_trainable=True).eval()


def run_case(name, network, arguments, prepare=None):
    """Returns PEFT's results for one configuration: the fixture's tensors and its description."""
    seed("peft " + name)
    pristine = base(network).state_dict()
    shared, _ = load(FOLDER / f"input_{network}.safetensors")
    config = stage("config", LoraConfig, **cases.copy(arguments))
    model = stage("create", get_peft_model, base(network), config)
    extra = stage("create", prepare, model) if prepare else {}
    start, _ = on_disk(model)
    start = {k: v.clone() for k, v in start.items()}
    new_base = changed(pristine, base_weights(model))
    model.eval()
    disturb(model)
    logits = stage("forward", model, shared["input"])
    logits.backward(shared["grad_output"])
    gradients = {n: p.grad for n, p in trainable(model).items()}
    _, keys = on_disk(model)
    config_text, tensors = written(model)

    out = prefixed("adapter.", tensors) | dict(logits=logits)
    out |= {f"grad.{keys[n] or n}": g for n, g in gradients.items() if g is not None}
    if str(arguments.get("init_lora_weights")).startswith(DATA_DRIVEN):
        out |= prefixed("init.", start) | prefixed("init_base.", new_base)
    options = {k: dataclasses.asdict(v) if dataclasses.is_dataclass(v) else v for k, v in arguments.items()}
    case = dict(name=name, network=network, options=options, trainable=keys, tolerance=TOLERANCE,
                trainable_parameters=sum(p.numel() for p in trainable(model).values()))
    case |= {k: v for k, v in extra.items() if not isinstance(v, torch.Tensor)}
    out |= {k: v for k, v in extra.items() if isinstance(v, torch.Tensor)}
    not_saved = sorted(n for n, key in keys.items() if key is None)
    if not_saved:
        case["trained_but_not_saved"] = not_saved
    no_gradient = sorted(keys[n] or n for n, g in gradients.items() if g is None)
    if no_gradient:
        case["no_gradient"] = no_gradient
    try:
        again = reloaded(network, config_text, tensors)
        apart = (again(shared["input"]) - logits).abs().max().item()
        if apart > TOLERANCE["absolute"]:
            case["reload_differs"] = f"a fresh base with this adapter is {apart:.2g} away: see README.md"
    except Exception as error:
        case["reload_refused"] = Refused("reload", error).message
    try:
        plain = model.merge_and_unload()
        out |= prefixed("merged.", changed(pristine, plain.state_dict()))
        apart = (plain(shared["input"]) - logits).abs().max().item()
        if apart > 2 * TOLERANCE["absolute"]:
            case["merge_differs"] = f"the merged network is {apart:.2g} away from the adapted one: see README.md"
    except Exception as error:
        case["merge_refused"] = Refused("merge", error).message
    return out, case, config_text


def save_case(name, network, arguments, prepare=None, note=None):
    out, case, config = run_case(name, network, arguments, prepare)
    if note:
        case["note"] = note
    save(FOLDER / f"{name}.safetensors", out, dict(case=case, adapter_config=config))
    return case


class Index:
    """Writes index.json: every fixture, and the cases that PEFT refuses."""

    def __init__(self):
        self.cases, self.combined, self.active, self.refused = [], [], [], []

    def add(self, case, covers, to=None):
        entry = dict(name=case["name"], file=f"{case['name']}.safetensors", network=case["network"], covers=covers)
        entry |= {k: case[k] for k in ("note", "compare", "merge_refused", "reload_refused", "reload_differs",
                                       "merge_differs", "trained_but_not_saved", "no_gradient") if k in case}
        (self.cases if to is None else to).append(entry)

    def refuse(self, name, network, arguments, refusal):
        self.refused.append(dict(name=name, network=network, options=arguments, stage=refusal.stage,
                                 error=refusal.message))

    def save(self):
        head = dict(peft=peft.__version__, torch=torch.__version__.split("+")[0],
                    networks={n: dict(base=f"base_{n}.safetensors", input=f"input_{n}.safetensors")
                              for n in cases.AXES})
        lists = dict(cases=self.cases, combined=self.combined, active=self.active, refused_by_peft=self.refused)
        lines = [f'"{k}": {json.dumps(v)}' for k, v in head.items()]  # one entry per line keeps diffs readable
        lines += [f'"{k}": [\n  ' + ",\n  ".join(json.dumps(e) for e in v) + "\n]" for k, v in lists.items()]
        (FOLDER / "index.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
