"""Checks that llama.cpp computes with lora4j's GGUF files what transformers computes with the originals.

    npm install --prefix DIR node-llama-cpp && pip install gguf
    python tools/check_llama_cpp.py --modules DIR [--lora ./lora] [FAMILY…]
    python tools/check_llama_cpp.py --modules DIR [--lora ./lora] --quantized [--model MODEL]

For each family, a small random model gets a tokenizer of the tests, `lora convert` writes it as a GGUF file, and
llama.cpp reads that. Compared are the log-probabilities after each token of a greedy text of transformers, and the
likeliest tokens. The text is longer than windows and the original lengths of RoPE scalings. llama.cpp looks Gemma's GELU
up in a table of half precision, as the model here does but for values between two halves. It ignores the window of
Phi-3, so the model here has none.

With --quantized, `lora convert` and `lora merge` write a Llama, by default a small random one, in each format that they
can write. The gguf package must read the values that lora4j reads, bit for bit, and must write the same bytes where it
can quantise itself. The greedy text of lora4j with --dequantize must be that of transformers in float32 on these
values; without it, lora4j rounds activations to 9 bits where it multiplies blocks, so that text is only reported.
llama.cpp rounds activations too: the root mean square difference of its log-probabilities from those of transformers
must be below a tenth of the logits' standard deviation. Its likeliest tokens along the text are reported.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import gguf
import numpy as np
import torch
from safetensors.torch import load_file
from transformers import (AutoModelForCausalLM, AutoTokenizer, Gemma2Config, Gemma3TextConfig, GraniteConfig,
                          LlamaConfig, Ministral3Config, Olmo2Config, Phi3Config, Qwen3Config, Qwen3MoeConfig,
                          SmolLM3Config)

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOKENIZER = ROOT / "llm/src/test/resources/fixtures/text/smollm2"
PROMPT, NEW_TOKENS, TOLERANCE, OF_HALVES, OF_BLOCKS = 12, 48, 1e-4, 5e-3, 0.1
TEXT = "The LoRA paper says that"
BLOCKS = {"q8_0": gguf.GGMLQuantizationType.Q8_0, "q4_0": gguf.GGMLQuantizationType.Q4_0,
          "q4_k": gguf.GGMLQuantizationType.Q4_K}
SIZES = dict(hidden_size=64, intermediate_size=96, num_attention_heads=4, num_key_value_heads=2,
             max_position_embeddings=512, bos_token_id=1, eos_token_id=2, pad_token_id=0)
PLAIN = dict(rope_theta=10000.0, rope_type="default")
YARN = dict(rope_theta=10000.0, rope_type="yarn", factor=4.0, original_max_position_embeddings=16, beta_fast=32.0,
            beta_slow=1.0, mscale=1.0)
GEMMA = dict(num_hidden_layers=8, head_dim=16, query_pre_attn_scalar=16, sliding_window=16)
FAMILIES = {
    "llama": lambda v: LlamaConfig(**v, num_hidden_layers=2, rope_parameters=dict(
        rope_theta=10000.0, rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
        original_max_position_embeddings=16)),
    "granite": lambda v: GraniteConfig(**v, num_hidden_layers=2, embedding_multiplier=3.5, attention_multiplier=0.3,
                                       residual_multiplier=0.4, logits_scaling=1.7, rope_parameters=PLAIN),
    "qwen3": lambda v: Qwen3Config(**v, num_hidden_layers=2, head_dim=32, rope_parameters=PLAIN),
    "smollm3": lambda v: SmolLM3Config(**v, num_hidden_layers=5, rope_parameters=PLAIN),
    "phi3": lambda v: Phi3Config(**v, num_hidden_layers=2, original_max_position_embeddings=512,
                                 rope_parameters=dict(PLAIN, partial_rotary_factor=0.75)),
    "phi3-longrope": lambda v: Phi3Config(**v, num_hidden_layers=2, original_max_position_embeddings=16,
                                          rope_parameters=dict(rope_theta=10000.0, rope_type="longrope",
                                                               short_factor=[1.0 + 0.1 * i for i in range(8)],
                                                               long_factor=[1.0 + i for i in range(8)])),
    "gemma2": lambda v: Gemma2Config(**v, **GEMMA, attn_logit_softcapping=20.0, final_logit_softcapping=10.0,
                                     attn_implementation="eager", rope_parameters=PLAIN),
    "gemma3": lambda v: Gemma3TextConfig(**v, **GEMMA, rope_parameters=dict(
        full_attention=dict(rope_theta=1000000.0, rope_type="linear", factor=8.0),
        sliding_attention=dict(PLAIN))),
    "olmo2": lambda v: Olmo2Config(**v, num_hidden_layers=2, rope_parameters=PLAIN),
    "qwen3-moe": lambda v: Qwen3MoeConfig(**v, num_hidden_layers=2, head_dim=16, num_experts=8, num_experts_per_tok=2,
                                          moe_intermediate_size=32, norm_topk_prob=True, rope_parameters=PLAIN),
    "ministral3": lambda v: Ministral3Config(**v, num_hidden_layers=2, head_dim=32, sliding_window=None,
                                             rope_parameters=dict(YARN, mscale_all_dim=1.0, llama_4_scaling_beta=0.3)),
    "ministral3-mscale": lambda v: Ministral3Config(**v, num_hidden_layers=2, head_dim=32, sliding_window=None,
                                                    rope_parameters=dict(YARN, mscale=0.7, mscale_all_dim=1.9,
                                                                         llama_4_scaling_beta=0.3)),
}


class HalfGelu(torch.nn.Module):
    """The approximate GELU from half precision to half precision, between -10 and 10."""

    def forward(self, x):
        rounded = torch.nn.functional.gelu(x.half().float(), approximate="tanh").half().float()
        return torch.where(x <= -10, 0, torch.where(x >= 10, x, rounded))


def write(folder, name, vocabulary):
    """Writes a model whose every part matters, and returns it."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(FAMILIES[name](dict(SIZES, vocab_size=vocabulary)), dtype=torch.float32)
    for key, parameter in model.named_parameters():
        norm = "norm" in key and key.endswith("weight")
        mean = (0.3 if name.startswith("gemma") else 1.0) if norm else 0.0
        torch.nn.init.normal_(parameter, mean, 0.1 if norm else 0.15)
    model.save_pretrained(folder)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(TOKENIZER / file, folder / file)
    if name.startswith("gemma"):
        for layer in model.model.layers:
            layer.mlp.act_fn = HalfGelu()
    return model.eval()


def check(name, a, folder):
    model = write(folder, name, len(json.loads((TOKENIZER / "tokenizer.json").read_text())["model"]["vocab"]))
    file = folder / "model.gguf"
    subprocess.run([a.lora, "convert", folder, file, "--dtype", "float32"], check=True, stdout=subprocess.DEVNULL)
    prompt = torch.arange(3, 3 + PROMPT)[None] * 7
    with torch.no_grad():
        for _ in range(NEW_TOKENS):  # without a cache, as Phi-3's ends where LongRoPE's frequencies change
            prompt = torch.cat([prompt, model(prompt).logits[:, -1:].argmax(-1)], 1)
        expected = model(prompt).logits[0].log_softmax(-1)
    actual = log_probabilities(a, file, prompt[0].tolist())
    difference = (actual - expected).abs().max().item()
    same = torch.equal(actual.argmax(-1), expected.argmax(-1))
    print(f"{name:18} log-probabilities differ by {difference:.1e} at most, likeliest tokens "
          + ("equal" if same else "DIFFER"), flush=True)
    return same and difference <= (OF_HALVES if name.startswith("gemma") else TOLERANCE)


def log_probabilities(a, file, tokens):
    said = subprocess.run(["node", ROOT / "tools/check_llama_cpp.mjs", "--model", file, "--modules", a.modules,
                           "--tokens", ",".join(map(str, tokens))], check=True, capture_output=True)
    return torch.tensor(json.loads(said.stdout.splitlines()[-1]))


# ---- quantised files ----


def write_wide(folder):
    """Writes a random Llama whose rows are whole blocks of 256, except for those of one matrix in each layer."""
    vocabulary = len(json.loads((TOKENIZER / "tokenizer.json").read_text())["model"]["vocab"])
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(LlamaConfig(**dict(
        SIZES, hidden_size=256, intermediate_size=352, vocab_size=vocabulary), num_hidden_layers=2,
        rope_parameters=PLAIN), dtype=torch.float32)
    for key, parameter in model.named_parameters():
        norm = "norm" in key
        torch.nn.init.normal_(parameter, 1.0 if norm else 0.0, 0.1)
    model.save_pretrained(folder)
    for file in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(TOKENIZER / file, folder / file)
    return folder


def write_adapter(folder, model):
    """Writes a random adapter of all linear layers, in PEFT's format."""
    from peft import LoraConfig, get_peft_model
    torch.manual_seed(1)
    adapted = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear"))
    for key, parameter in adapted.named_parameters():
        if "lora_" in key:
            torch.nn.init.normal_(parameter, 0.0, 0.05)
    adapted.save_pretrained(folder)
    return folder


def to_gguf_order(key, weight, config):
    """Reorders the rows of queries and keys as llama.cpp has them."""
    heads = {"q_proj.weight": config.num_attention_heads, "k_proj.weight": config.num_key_value_heads}
    count = heads.get(".".join(key.split(".")[-2:]))
    if count is None:
        return weight
    return weight.reshape(count, 2, weight.shape[0] // count // 2, -1).swapaxes(1, 2).reshape(weight.shape)


def lora(a, *words):
    """Runs a command of lora4j, and returns what it prints."""
    run = subprocess.run([a.lora, *words], capture_output=True)
    if run.returncode:
        sys.exit(f"lora {' '.join(map(str, words))}: {run.stderr.decode()}")
    return run.stdout


def check_values(file, ours, model, exact):
    """Returns what differs between the gguf package's values and ours, and between its blocks and ours."""
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, model.config.num_hidden_layers)
    stored = {tensor.name: tensor for tensor in gguf.GGUFReader(file).tensors}
    wrong, types = [], {}
    for key, weight in ours.items():
        tensor = stored.pop(names.get_name(key, (".weight", ".bias")))
        values = np.array(gguf.dequantize(tensor.data, tensor.tensor_type)).reshape(weight.shape)
        own = to_gguf_order(key, weight, model.config).numpy()
        if values.astype(np.float32).tobytes() != own.tobytes():
            wrong.append(f"values of {tensor.name}")
        if key in exact and tensor.tensor_type in (BLOCKS["q8_0"], BLOCKS["q4_0"]):
            original = to_gguf_order(key, exact[key].float(), model.config).contiguous().numpy()
            if gguf.quantize(original, tensor.tensor_type).tobytes() != tensor.data.tobytes():
                wrong.append(f"blocks of {tensor.name}")
        types[tensor.tensor_type.name] = types.get(tensor.tensor_type.name, 0) + 1
    return wrong + [f"no {name}" for name in stored], types


def text_of(a, file, *options):
    return json.loads(lora(a, "generate", "--model", file, "--raw", "--prompt", TEXT, "--json", "--max-new-tokens",
                           str(NEW_TOKENS), *options))["text"]


def check_quantized(a, name, write_file, exact, folder):
    file, dense = folder / f"{name}.gguf", folder / f"{name}-values"
    write_file(file)
    lora(a, "convert", file, dense, "--dtype", "float32")
    model = AutoModelForCausalLM.from_pretrained(dense, dtype=torch.float32).eval()
    wrong, types = check_values(file, load_file(dense / "model.safetensors"), model, exact)
    tokenizer = AutoTokenizer.from_pretrained(dense)
    prompt = tokenizer(TEXT, return_tensors="pt").input_ids
    with torch.no_grad():
        tokens = model.generate(prompt, do_sample=False, max_new_tokens=NEW_TOKENS, pad_token_id=0)
        logits = model(tokens).logits[0]
    expected = tokenizer.decode(tokens[0, prompt.shape[1]:], skip_special_tokens=True)
    blocks, exact_text = text_of(a, file), text_of(a, file, "--dequantize")
    actual = log_probabilities(a, file, tokens[0].tolist())
    apart = (actual - logits.log_softmax(-1)).square().mean().sqrt().item() / logits.std().item()
    agree = (actual.argmax(-1) == logits.argmax(-1)).sum().item()
    written = " ".join(f"{count} {type}" for type, count in sorted(types.items()))
    print(f"{name:12} {written}: values {'equal' if not wrong else 'DIFFER: ' + ', '.join(wrong[:5])}; "
          f"text {'equal' if exact_text == expected else 'DIFFERS'}, from blocks the first "
          f"{len(os.path.commonprefix([blocks, expected]))} of {len(expected)} characters; llama.cpp {apart:.4f} of "
          f"the standard deviation apart, likeliest tokens {agree} of {len(logits)}", flush=True)
    return not wrong and exact_text == expected and apart <= OF_BLOCKS


def check_all_quantized(a, folder):
    source = a.model or write_wide(folder / "model")
    plain = folder / "plain"
    if source.is_dir():
        plain = source
    else:
        lora(a, "convert", source, plain, "--dtype", "float32")
    exact = load_file(plain / "model.safetensors")
    adapter = write_adapter(folder / "adapter", AutoModelForCausalLM.from_pretrained(plain, dtype=torch.float32))
    wrong = []
    for type in BLOCKS:
        def convert(file):
            lora(a, "convert", source, file, "--quantize", type)

        def merge(file):
            lora(a, "merge", "--model", plain, "--adapter", adapter, "--out", file, "--quantize", type, "--any-base")
        for name, write_file, original in ((type, convert, exact), (type + " merged", merge, {})):
            if not check_quantized(a, name.replace(" ", "-"), write_file, original, folder):
                wrong.append(name)
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", help=", ".join(FAMILIES) + "; all by default")
    parser.add_argument("--modules", required=True, type=pathlib.Path, help="directory with node-llama-cpp")
    parser.add_argument("--lora", default=ROOT / "lora", help="lora4j's launcher")
    parser.add_argument("--quantized", action="store_true", help="check quantised files instead")
    parser.add_argument("--model", type=pathlib.Path, help="with --quantized: a Llama, a directory or a GGUF file")
    a = parser.parse_args()
    if a.quantized:
        with tempfile.TemporaryDirectory() as folder:
            wrong = check_all_quantized(a, pathlib.Path(folder))
        sys.exit("differ: " + ", ".join(wrong) if wrong else 0)
    wrong = []
    for name in a.families or FAMILIES:
        with tempfile.TemporaryDirectory() as folder:
            if not check(name, a, pathlib.Path(folder)):
                wrong.append(name)
    sys.exit("differ: " + ", ".join(wrong) if wrong else 0)


main()
