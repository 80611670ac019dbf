"""Small random checkpoints quantised by transformers and bitsandbytes, with adapters of PEFT and the logits of both.

    pip install transformers peft accelerate bitsandbytes && python tools/bitsandbytes_fixtures.py [CASE...]

expected.safetensors has the tokens, the logits of the quantised model and those with the adapter, in float32: bitsandbytes'
products in bfloat16 are switched off. It quantises activations to int8 as well, so the logits of int8 are those of its
dequantised weights. nf4-bf16 was quantised from bfloat16. Rows have at least 64 values: bitsandbytes 0.50.2 dequantises shorter ones wrongly on the CPU.
"""
import json
import pathlib
import shutil
import sys
import tempfile

from fixture_io import ROOT, differs, finish, save, seed

import bitsandbytes.functional as bnb
import bitsandbytes.nn.modules
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import (AutoModelForCausalLM, BitsAndBytesConfig, GPT2Config, LlamaConfig, MistralConfig, Qwen2Config,
                          Qwen3Config)
from transformers.utils import logging

bitsandbytes.nn.modules.has_avx512bf16 = lambda: False
logging.set_verbosity_error()
logging.disable_progress_bar()
FOLDER = ROOT / "llm/src/test/resources/fixtures/bitsandbytes"
VOCAB = 96
SMALL = dict(vocab_size=VOCAB, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=128, rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2)
FOUR = dict(load_in_4bit=True, bnb_4bit_compute_dtype="float32")
SKIPPED = ["lm_head", "model.layers.0.mlp.down_proj", "model.layers.1.self_attn"]
CASES = {
    "nf4": (LlamaConfig(**SMALL, tie_word_embeddings=True), FOUR | dict(bnb_4bit_quant_type="nf4")),
    "nf4-double": (GPT2Config(vocab_size=VOCAB, n_embd=64, n_layer=2, n_head=4, n_positions=64, bos_token_id=1,
                              eos_token_id=2),
                   FOUR | dict(bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True)),
    "nf4-bf16-storage": (Qwen2Config(**SMALL), FOUR | dict(bnb_4bit_quant_type="nf4", bnb_4bit_quant_storage="bfloat16")),
    "nf4-skipped": (LlamaConfig(**SMALL), FOUR | dict(bnb_4bit_quant_type="nf4", llm_int8_skip_modules=SKIPPED)),
    "nf4-bf16": (Qwen3Config(**SMALL, head_dim=16), FOUR | dict(bnb_4bit_quant_type="nf4")),
    "fp4": (MistralConfig(**SMALL), FOUR),
    "int8": (LlamaConfig(**SMALL), dict(load_in_8bit=True)),
}
TARGETS = {"nf4-double": ["c_attn", "c_proj", "c_fc"]}
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
    config, options = CASES[name]
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    seed(name)
    with tempfile.TemporaryDirectory() as directory:
        return quantized(name, written(config, directory), options, folder)


def written(config, directory):
    model = AutoModelForCausalLM.from_config(config)
    for key, parameter in model.named_parameters():
        norm = "norm" in key or ".ln_" in key
        torch.nn.init.normal_(parameter, 1.0 if norm and key.endswith("weight") else 0.0, 0.1 if norm else 0.2)
    model.save_pretrained(directory)
    return pathlib.Path(directory)


def quantized(name, source, options, folder):
    tokens = torch.randint(3, VOCAB, (2, 12))
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
    config = LoraConfig(r=4, lora_alpha=8, target_modules=TARGETS.get(name, "all-linear"), init_lora_weights=False)
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
