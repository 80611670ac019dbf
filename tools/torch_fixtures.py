"""Valid and invalid torch.save files, for the reader of adapter_model.bin and pytorch_model.bin.

    python tools/torch_fixtures.py

Also writes three of the small models of llm_fixtures.py as pytorch_model.bin, and checks that transformers loads them
with the same results as the originals.
"""
import io
import json
import os
import shutil
import zipfile

from fixture_io import ROOT, differs, finish, load, seed

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM

FOLDER = ROOT / "core/src/test/resources/fixtures/torch"
ADAPTER = ROOT / "core/src/test/resources/fixtures/peft/mlp-dora-true-names-bias_lora_only-patterns_rank-extra_exclude_regex-dropout_some.safetensors"
MODELS = ROOT / "llm/src/test/resources/fixtures/llm"
CHECKPOINTS = ROOT / "llm/src/test/resources/fixtures/pickled"
FORMATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16,
           torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool]


class Evil:
    def __reduce__(self):
        return os.system, ("echo this must never be printed",)


def tensors():
    seed("torch")
    whole = torch.randn(6, 5)
    named = {f"format.{str(f).removeprefix('torch.')}": (torch.randn(3, 2) * 3).to(f) for f in FORMATS}
    return named | {
        "transposed": whole.t(),
        "rows": whole[2:5],
        "columns": whole[:, 1:4],
        "every_second": whole[::2, ::2],
        "permuted": torch.randn(2, 3, 4).permute(2, 0, 1),
        "tied": whole,
        "scalar": torch.tensor(2.5),
        "empty": torch.empty(0, 3),
        "parameter": torch.nn.Parameter(torch.randn(4)),
    }


def compressed(source):
    """Returns the same archive with compressed entries."""
    out = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(zipfile.ZipInfo(entry.filename), old.read(entry.filename), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def with_head(weights):
    """Returns a state dict as pickled by transformers: a tied head shares the embedding's storage."""
    for embedding in ("model.embed_tokens.weight", "transformer.wte.weight"):
        if "lm_head.weight" not in weights and embedding in weights:
            weights["lm_head.weight"] = weights[embedding]
    return weights


def shards(weights, count):
    """Splits tensors by name, except for the head, which stays with the embedding that shares its storage."""
    names = [name for name in weights if name != "lm_head.weight"]
    size = -(-len(names) // count)
    cut = [names[i:i + size] for i in range(0, len(names), size)]
    head = next(i for i, part in enumerate(cut) if "model.embed_tokens.weight" in part)
    cut[head].append("lm_head.weight")
    return [{name: weights[name] for name in part} for part in cut]


def checkpoint(name, form=lambda weights: weights, count=1):
    folder = CHECKPOINTS / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(MODELS / name / "config.json", folder)
    weights = form(with_head(load(MODELS / name / "model.safetensors")[0]))
    if count == 1:
        torch.save(weights, folder / "pytorch_model.bin")
        return folder
    shard_of = {}
    for number, part in enumerate(shards(weights, count), 1):
        file = f"pytorch_model-{number:05}-of-{count:05}.bin"
        torch.save(part, folder / file)
        shard_of |= {key: file for key in part}
    index = {"metadata": {"total_size": sum(w.nbytes for w in weights.values())}, "weight_map": shard_of}
    (folder / "pytorch_model.bin.index.json").write_text(json.dumps(index, indent=2, sort_keys=True) + "\n")
    return folder


def halves(weights):
    """Every other tensor in bfloat16, the rest in float16."""
    return {name: w.to(torch.float16 if i % 2 else torch.bfloat16) for i, (name, w) in enumerate(weights.items())}


def wrong_in(folder, tolerance):
    expected, _ = load(MODELS / folder.name / "expected.safetensors")
    with torch.no_grad():
        logits = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()(expected["tokens"]).logits
    return differs(folder.name, expected["logits"], logits, tolerance)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    good = tensors()
    torch.save(good, FOLDER / "tensors.bin")
    for protocol in (3, 4, 5):
        torch.save({"rows": good["rows"]}, FOLDER / f"protocol_{protocol}.bin", pickle_protocol=protocol)
    seed("module")
    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.LayerNorm(2))
    torch.save(module.state_dict(), FOLDER / "state_dict.bin")
    adapter = {k.removeprefix("adapter."): v for k, v in load(ADAPTER)[0].items() if k.startswith("adapter.")}
    torch.save(adapter, FOLDER / "adapter_model.bin")
    expected = {k: v.detach().contiguous().clone() for k, v in good.items()}
    expected |= {f"state_dict.{k}": v.clone() for k, v in module.state_dict().items()}
    save_file(expected, FOLDER / "expected.safetensors")

    torch.save({"a": good["rows"]}, FOLDER / "old.bin", _use_new_zipfile_serialization=False)
    torch.save({"a": Evil()}, FOLDER / "evil.bin")
    torch.save(module, FOLDER / "module.bin")
    torch.save({"model": {"a": good["rows"]}}, FOLDER / "nested.bin")
    torch.save([good["rows"]], FOLDER / "list.bin")
    torch.save({"a": torch.ones(1).expand(1000, 1000)}, FOLDER / "repeated.bin")
    torch.save({"a": torch.ones(2, dtype=torch.complex64)}, FOLDER / "complex.bin")
    torch.jit.script(module).save(str(FOLDER / "script.bin"))
    (FOLDER / "compressed.bin").write_bytes(compressed(FOLDER / "state_dict.bin"))

    again = torch.load(FOLDER / "tensors.bin", weights_only=True)
    wrong = [k for k in good if not torch.equal(again[k], good[k])]
    wrong += wrong_in(checkpoint("gpt2"), 1e-5) + wrong_in(checkpoint("llama3", count=3), 1e-5)
    wrong += wrong_in(checkpoint("llama2", halves), 0.1)  # bfloat16 keeps eight bits
    finish(FOLDER, wrong)


main()
