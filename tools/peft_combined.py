"""Several adapters in one model: add_weighted_adapter with every combination type, and two active adapters."""
import pathlib
import tempfile

from fixture_io import load, prefixed, save, seed

from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import LoraLayer

import peft_cases as cases
from peft_run import FOLDER, TOLERANCE, Refused, base, changed, disturb, stage, written


def two_adapters(network, first, second):
    """Returns a model with the adapters `first` and `second`, both non-zero, with `first` active."""
    model = get_peft_model(base(network), LoraConfig(**cases.copy(cases.COMMON | first)), adapter_name="first")
    model.add_adapter("second", LoraConfig(**cases.copy(cases.COMMON | second)))
    for adapter in ("first", "second"):
        model.set_adapter(adapter)
        disturb(model)
    model.set_adapter("first")
    return model.eval()


def sources(model, first, second):
    """Returns the tensors of both adapters, with configs of non-default values only, which PEFT reads too."""
    out, configs = {}, {}
    for adapter, arguments in dict(first=first, second=second).items():
        out |= prefixed(adapter + ".", written(model, adapter)[1])
        configs[f"{adapter}_config"] = dict(peft_type="LORA", **cases.COMMON | arguments)
    return out, configs


def deltas(model, adapter):
    """Returns the adapter's delta for each layer, in the layout of the base weight."""
    return {n.removeprefix("base_model.model."): m.get_delta_weight(adapter) for n, m in model.named_modules()
            if isinstance(m, LoraLayer) and (adapter in m.lora_A or adapter in m.lora_embedding_A)}


def combine(name, network, first, second, arguments):
    seed("peft " + name)
    shared, _ = load(FOLDER / f"input_{network}.safetensors")
    model = stage("create", two_adapters, network, first, second)
    out, configs = sources(model, first, second)
    stage("combine", model.add_weighted_adapter, ["first", "second"], adapter_name="combined", **arguments)
    model.set_adapter("combined")
    logits = stage("forward", model, shared["input"])
    configs["combined_config"], tensors = written(model, "combined")
    out |= prefixed("combined.", tensors) | prefixed("delta.", deltas(model, "combined")) | dict(logits=logits)
    random = name.endswith("random")
    kind = arguments["combination_type"]
    case = dict(name=name, network=network, **arguments,
                compare="nothing: random pruning" if random else "delta and logits" if "svd" in kind else "everything",
                tolerance=TOLERANCE)
    if arguments.get("svd_clamp"):
        case["compare"] = "nothing: the clamp depends on the signs that the SVD happens to choose"
    with tempfile.TemporaryDirectory() as folder:
        place = pathlib.Path(folder)
        (place / "adapter_config.json").write_text(configs["combined_config"])
        save(place / "adapter_model.safetensors", tensors, dict(format="pt"))
        try:
            apart = (PeftModel.from_pretrained(base(network), folder).eval()(shared["input"]) - logits).abs().max()
            if apart > TOLERANCE["absolute"]:
                case["reload_differs"] = f"a fresh base with the combined adapter is {apart:.2g} away"
        except Exception as error:
            case["reload_refused"] = Refused("reload", error).message
    save(FOLDER / f"{name}.safetensors", out, dict(case=case, **configs))
    return case


def active(name, network, first, second):
    """Computes logits with both adapters active, and the base after merging both."""
    seed("peft " + name)
    shared, _ = load(FOLDER / f"input_{network}.safetensors")
    model = stage("create", two_adapters, network, first, second)
    out, configs = sources(model, first, second)
    stage("activate", model.base_model.set_adapter, ["first", "second"])
    logits = stage("forward", model, shared["input"])
    out |= dict(logits=logits)
    case = dict(name=name, network=network, tolerance=TOLERANCE)
    plain = stage("merge", model.merge_and_unload)
    merged_logits = plain(shared["input"])
    out |= prefixed("merged.", changed(base(network).state_dict(), plain.state_dict()))
    out |= dict(merged_logits=merged_logits)
    apart = (merged_logits - logits).abs().max().item()
    if apart > 2 * TOLERANCE["absolute"]:
        case["merge_differs"] = f"the merged network is {apart:.2g} away from the two adapters"
    save(FOLDER / f"{name}.safetensors", out, dict(case=case, **configs))
    return case


def add_all(index):
    for name, network, first, second, arguments in cases.combined():
        try:
            case = combine(name, network, first, second, arguments)
            covers = [f"{k}={v}" for k, v in arguments.items()]
            index.add(case, covers, index.combined)
        except Refused as refused:
            index.refuse(name, network, dict(first=first, second=second, **arguments), refused)
    for name, network, first, second in cases.ACTIVE:
        try:
            index.add(active(name, network, first, second), ["two active adapters"], index.active)
        except Refused as refused:
            index.refuse(name, network, dict(first=first, second=second), refused)
