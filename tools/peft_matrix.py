"""PEFT's results for a covering set of its options, one file per case, and the cases that PEFT refuses.

See README.md for the keys. peft_cases.py defines the cases.
"""
import json
import pathlib
import shutil
import tempfile

from fixture_io import differs, finish, load, save

from peft import PeftModel

import peft_cases as cases
import peft_combined
import peft_formulas
import peft_special
from peft_combining import combined
from peft_run import FOLDER, TOLERANCE, Index, Refused, base, make_base, on_disk, run_case, save_case, trainable


def refusal(network, choice):
    """Returns None if PEFT accepts the choice; an open target may take any value."""
    targets = [choice["targets"]] if "targets" in choice else cases.AXES[network]["targets"]
    for target in targets:
        full = {**cases.default(network), **choice, "targets": target}
        try:
            run_case("probe", network, cases.options(network, full))
            return None
        except Refused as refused:
            last = refused
    return last


def matrix(network, index):
    """Tries every value alone, then every pair, and creates cases from those that PEFT accepts."""
    values, pairs = set(), set()
    single = [{axis: value} for axis, choices in cases.AXES[network].items() for value in choices]
    for choice in single:
        if refuse(network, choice, index):
            values |= set(choice.items())
    for pair in cases.all_pairs(network, values):
        if refuse(network, dict(pair), index):
            pairs.add(pair)
    for choice in cases.covering(network, values, pairs):
        name = cases.name(network, choice)
        try:
            case = save_case(name, network, cases.options(network, choice))
            index.add(case, [f"{axis}={value}" for axis, value in choice.items()])
        except Refused as refused:
            index.refuse(name, network, cases.options(network, choice), refused)


def refuse(network, choice, index):
    refused = refusal(network, choice)
    if refused:
        words = " and ".join(f"{axis}={value}" for axis, value in sorted(choice.items()))
        index.refuse(f"{network}: {words}", network, cases.options(network, choice), refused)
    return refused


def check(index):
    """Recomputes every fixture from its file alone: logits and gradients by PEFT, merged weights by plain formulas."""
    wrong = []
    listed = [e["file"] for e in index.cases + index.combined + index.active]
    kept = {f.name for f in FOLDER.glob("*.safetensors")} - {f"{w}_{n}.safetensors" for n in cases.AXES
                                                             for w in ("base", "input")}
    if sorted(listed) != sorted(kept):
        wrong.append(f"index.json lists {sorted(set(listed) ^ kept)} wrongly, or one twice")
    for entry in index.cases:
        tensors, metadata = load(FOLDER / entry["file"])
        wrong += check_case(entry, tensors, json.loads(metadata["adapter_config"]))
    for entry in index.combined:
        tensors, metadata = load(FOLDER / entry["file"])
        case = json.loads(metadata["case"])
        sources = [(part(tensors, a + "."), json.loads(metadata[a + "_config"])) for a in ("first", "second")]
        ours = {} if case["compare"].startswith("nothing") else combined(entry["network"], case, *sources)
        for path, delta in ours.items():
            wrong += differs(f"{entry['name']}: {path} by our formula", tensors["delta." + path], delta, 1e-5)
    for network in cases.AXES:
        covered = [set(e["covers"]) for e in index.cases]
        values = {c for e in index.cases if e["network"] == network for c in e["covers"]}
        for pair in cases.all_pairs(network):
            words = {f"{axis}={value}" for axis, value in pair}
            refused = any(set(r["name"].partition(": ")[2].split(" and ")) <= words for r in index.refused
                          if r["name"].startswith(network + ": "))
            if not refused and words <= values and not any(words <= c for c in covered):
                wrong.append(f"{network}: no case has {sorted(words)}")
    return wrong


def part(tensors, prefix):
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


def check_case(entry, tensors, config):
    name, network, wrong = entry["name"], entry["network"], []
    shared, _ = load(FOLDER / f"input_{network}.safetensors")
    start = base(network).state_dict() | part(tensors, "init_base.")
    adapter = part(tensors, "adapter.")
    if "merge_refused" not in entry and part(tensors, "merged."):
        ours = peft_formulas.merged(network, start, adapter, config)
        theirs = base(network).state_dict() | part(tensors, "merged.")
        for key, value in theirs.items():
            wrong += differs(f"{name}: {key} by our formula", value, ours[key], TOLERANCE["absolute"])
    if "reload_refused" in entry:
        return wrong
    net = base(network)
    net.load_state_dict(start)
    with tempfile.TemporaryDirectory() as folder:  # its base is already initialised: do not initialise again
        text = json.dumps(config | dict(init_lora_weights=True, inference_mode=False))
        (pathlib.Path(folder) / "adapter_config.json").write_text(text)
        save(pathlib.Path(folder) / "adapter_model.safetensors", adapter, dict(format="pt"))
        model = PeftModel.from_pretrained(net, folder, is_trainable=True).eval()
    logits = model(shared["input"])
    wrong += differs(f"{name}: logits", tensors["logits"], logits, TOLERANCE["absolute"])
    gradients = part(tensors, "grad.")
    if gradients:
        logits.backward(shared["grad_output"])
        _, keys = on_disk(model)
        got = {keys[n] or n: p.grad for n, p in trainable(model).items() if p.grad is not None}
        if got.keys() != gradients.keys():
            wrong.append(f"{name}: gradients that only one side has: {sorted(got.keys() ^ gradients.keys())}")
        for key in got.keys() & gradients.keys():
            wrong += differs(f"{name}: grad {key}", gradients[key], got[key], TOLERANCE["absolute"])
    return wrong


def main():
    shutil.rmtree(FOLDER, ignore_errors=True)
    index = Index()
    for network in cases.AXES:
        make_base(network)
        matrix(network, index)
    peft_special.add_all(index)
    peft_combined.add_all(index)
    index.save()
    finish(FOLDER, check(index))


if __name__ == "__main__":
    main()
