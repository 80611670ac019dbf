"""Files of torch.save, good and bad, for the reader of adapter_model.bin and pytorch_model.bin.

    python tools/torch_fixtures.py
"""
import io
import os
import zipfile

from fixture_io import ROOT, finish, load, seed

import torch
from safetensors.torch import save_file

FOLDER = ROOT / "core/src/test/resources/fixtures/torch"
ADAPTER = ROOT / "core/src/test/resources/fixtures/peft/mlp-dora-true-names-bias_lora_only-patterns_rank-extra_exclude_regex-dropout_some.safetensors"
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
    """The same archive with its entries deflated."""
    out = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(zipfile.ZipInfo(entry.filename), old.read(entry.filename), zipfile.ZIP_DEFLATED)
    return out.getvalue()


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
    finish(FOLDER, [k for k in good if not torch.equal(again[k], good[k])])


main()
