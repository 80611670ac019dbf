"""Checks that llama.cpp computes with lora4j's GGUF files what transformers computes with the originals.

    npm install --prefix DIR node-llama-cpp && python tools/check_llama_cpp.py --modules DIR [--lora ./lora] [FAMILY…]

For each family, a small random model gets a tokenizer of the tests, `lora convert` writes it as a GGUF file, and
llama.cpp reads that. Compared are the log-probabilities after each token of a greedy text of transformers, and the
likeliest tokens. The text is longer than windows and the original lengths of RoPE scalings. llama.cpp looks Gemma's GELU
up in a table of half precision, as the model here does but for values between two halves. It ignores the window of
Phi-3, so the model here has none.
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import torch
from transformers import (AutoModelForCausalLM, Gemma2Config, Gemma3TextConfig, GraniteConfig, LlamaConfig,
                          Ministral3Config, Olmo2Config, Phi3Config, Qwen3Config, Qwen3MoeConfig, SmolLM3Config)

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOKENIZER = ROOT / "llm/src/test/resources/fixtures/text/smollm2"
PROMPT, NEW_TOKENS, TOLERANCE, OF_HALVES = 12, 48, 1e-4, 5e-3
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
    said = subprocess.run(["node", ROOT / "tools/check_llama_cpp.mjs", "--model", file, "--modules", a.modules,
                           "--tokens", ",".join(map(str, prompt[0].tolist()))], check=True, capture_output=True)
    actual = torch.tensor(json.loads(said.stdout.splitlines()[-1]))
    difference = (actual - expected).abs().max().item()
    same = torch.equal(actual.argmax(-1), expected.argmax(-1))
    print(f"{name:18} log-probabilities differ by {difference:.1e} at most, likeliest tokens "
          + ("equal" if same else "DIFFER"), flush=True)
    return same and difference <= (OF_HALVES if name.startswith("gemma") else TOLERANCE)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("families", nargs="*", help=", ".join(FAMILIES) + "; all by default")
    parser.add_argument("--modules", required=True, type=pathlib.Path, help="directory with node-llama-cpp")
    parser.add_argument("--lora", default=ROOT / "lora", help="lora4j's launcher")
    a = parser.parse_args()
    wrong = []
    for name in a.families or FAMILIES:
        with tempfile.TemporaryDirectory() as folder:
            if not check(name, a, pathlib.Path(folder)):
                wrong.append(name)
    sys.exit("differ: " + ", ".join(wrong) if wrong else 0)


main()
