"""Small random checkpoints quantised by transformers and bitsandbytes, with adapters of PEFT and the logits of both.

    pip install transformers peft accelerate bitsandbytes && python tools/bitsandbytes_fixtures.py [CASE...]

Each case is a family of tools/llm_fixtures.py. expected.safetensors has the tokens, the logits of the quantised model and
those with the adapter, in float32: bitsandbytes' products in bfloat16 are switched off. It quantises activations to int8 as well, so the logits of int8 are those of its
dequantised weights.
"""
import json
import shutil
import sys

from fixture_io import ROOT, differs, finish, save, seed

import bitsandbytes.functional as bnb
import bitsandbytes.nn.modules
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, BitsAndBytesConfig
from transformers.utils import logging

bitsandbytes.nn.modules.has_avx512bf16 = lambda: False
logging.set_verbosity_error()
logging.disable_progress_bar()
MODELS = ROOT / "llm/src/test/resources/fixtures/llm"
FOLDER = ROOT / "llm/src/test/resources/fixtures/bitsandbytes"
FOUR = dict(load_in_4bit=True, bnb_4bit_compute_dtype="float32")
SKIPPED = ["lm_head", "model.layers.0.mlp.down_proj", "model.layers.1.self_attn"]
CASES = {
    "nf4": ("llama3", FOUR | dict(bnb_4bit_quant_type="nf4")),
    "nf4-double": ("gpt2", FOUR | dict(bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True)),
    "nf4-bf16-storage": ("qwen2", FOUR | dict(bnb_4bit_quant_type="nf4", bnb_4bit_quant_storage="bfloat16")),
    "nf4-skipped": ("llama2", FOUR | dict(bnb_4bit_quant_type="nf4", llm_int8_skip_modules=SKIPPED)),
    "nf4-bf16": ("qwen3", FOUR | dict(bnb_4bit_quant_type="nf4")),  # dequantised values are rounded to bfloat16
    "fp4": ("mistral", FOUR),
    "int8": ("llama2", dict(load_in_8bit=True)),
}
TARGETS = {"gpt2": ["c_attn", "c_proj", "c_fc"]}
TOLERANCE = 1e-5


def load(path, dtype=torch.float32, **options):
    return AutoModelForCausalLM.from_pretrained(path, dtype=dtype, device_map="cpu", **options).eval()


def logits(model, tokens):
    with torch.no_grad():
        return model(tokens).logits


def dequantized(model, path):
    """The plain model with the values of an int8 model's weights."""
    plain = load(path)
    for name, module in model.named_modules():
        if hasattr(module, "state") and hasattr(module.weight, "SCB"):
            plain.get_submodule(name).weight.data = bnb.int8_vectorwise_dequant(module.weight.data, module.weight.SCB)
    return plain


def stable(path):
    config = json.loads(path.read_text())
    config["base_model_name_or_path"] = None
    config["target_modules"] = sorted(config["target_modules"])
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def case(name):
    family, options = CASES[name]
    source, folder = MODELS / family, FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    seed(name)
    tokens = torch.randint(3, 96, (2, 12))
    dtype = torch.bfloat16 if name.endswith("bf16") else torch.float32
    model = load(source, dtype, quantization_config=BitsAndBytesConfig(**options))
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)
    tensors = {"tokens": tokens}
    if name == "int8":
        save(folder / "expected.safetensors", tensors | {"logits": logits(dequantized(model, source), tokens)}, {})
        return []
    model = load(folder)
    tensors["logits"] = logits(model, tokens)
    config = LoraConfig(r=4, lora_alpha=8, target_modules=TARGETS.get(family, "all-linear"), init_lora_weights=False)
    adapted = get_peft_model(model, config)
    adapted.save_pretrained(folder / "adapter")
    (folder / "adapter/README.md").unlink()
    stable(folder / "adapter/adapter_config.json")
    tensors["adapted_logits"] = logits(adapted, tokens)
    save(folder / "expected.safetensors", tensors, {})
    again = load(folder)
    wrong = differs(name + " logits", tensors["logits"], logits(again, tokens), TOLERANCE)
    adapted = PeftModel.from_pretrained(again, folder / "adapter")
    return wrong + differs(name + " adapted", tensors["adapted_logits"], logits(adapted, tokens), TOLERANCE)


def main():
    wrong = []
    for name in sys.argv[1:] or CASES:
        wrong += case(name)
    finish(FOLDER, wrong)


main()
