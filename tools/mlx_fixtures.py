"""Adapters saved by mlx-lm, with the weights that it fuses them to.

    pip install "mlx[cpu]" mlx-lm && python tools/mlx_fixtures.py
    python tools/mlx_fixtures.py --check adapter-directory

Each of the two directories contains an adapter as saved by mlx-lm, and `expected.safetensors`: for each adapted layer
its weight `base.<path>` and the fused weight `fused.<path>`. With --check, mlx-lm loads an adapter directory of another
origin onto the same tiny Llama, and must fuse the layers to the same values (--kind dora selects the second adapter).
"""
import argparse
import json
import pathlib
import sys

import mlx.core as mx
from mlx.utils import tree_flatten
from mlx_lm.models.llama import Model, ModelArgs
from mlx_lm.tuner.utils import linear_to_lora_layers, load_adapters

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "core/src/test/resources/fixtures/mlx"
PARAMETERS = {"rank": 3, "scale": 20.0, "dropout": 0.0, "keys": ["self_attn.q_proj", "self_attn.v_proj", "mlp.down_proj"]}


def tiny():
    mx.random.seed(5)
    model = Model(ModelArgs(model_type="llama", hidden_size=16, num_hidden_layers=2, intermediate_size=24,
                            num_attention_heads=4, num_key_value_heads=2, rms_norm_eps=1e-5, vocab_size=32))
    mx.eval(model.parameters())
    model.freeze()
    return model


def fused(model):
    return {name: module.fuse().weight for name, module in model.named_modules() if hasattr(module, "fuse")}


def make(kind):
    model = tiny()
    base = {name: value for name, value in tree_flatten(model.parameters())}
    linear_to_lora_layers(model, 2, PARAMETERS, use_dora=kind == "dora")
    trained = dict(tree_flatten(model.trainable_parameters()))
    model.load_weights([(k, v + 0.1 * mx.random.normal(v.shape)) for k, v in trained.items()], strict=False)
    folder = FOLDER / kind
    folder.mkdir(parents=True, exist_ok=True)
    config = {"fine_tune_type": kind, "num_layers": 2, "lora_parameters": PARAMETERS}
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=4))
    mx.save_safetensors(str(folder / "adapters.safetensors"), dict(tree_flatten(model.trainable_parameters())))
    expected = {}
    for path, weight in fused(model).items():
        expected |= {f"fused.{path}": weight, f"base.{path}": base[path + ".weight"]}
    mx.save_safetensors(str(folder / "expected.safetensors"), expected)


def check(folder, kind):
    model = load_adapters(tiny(), str(folder))
    expected = mx.load(str(FOLDER / kind / "expected.safetensors"))
    found = fused(model)
    wanted = {k.removeprefix("fused."): v for k, v in expected.items() if k.startswith("fused.")}
    if found.keys() != wanted.keys():
        sys.exit(f"other layers: {sorted(found.keys() ^ wanted.keys())}")
    apart = max(mx.abs(found[k] - wanted[k]).max().item() for k in found)
    print(json.dumps({"ok": apart <= 1e-6, "max_abs_diff": apart, "layers": len(found)}))
    sys.exit(apart > 1e-6)


arg = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
arg.add_argument("--check", type=pathlib.Path)
arg.add_argument("--kind", choices=["lora", "dora"], default="lora")
a = arg.parse_args()
if a.check:
    check(a.check, a.kind)
make("lora")
make("dora")
