"""Small random language models of each family, with results of transformers and PEFT.

    python tools/llm_fixtures.py [FAMILY...]

Writes a checkpoint directory, a LoRA adapter on all its linear layers, and the logits, gradients and greedy texts of
both. Then reloads and recomputes everything from the files.
"""
import json
import shutil
import sys

from fixture_io import ROOT, differs, finish, load, prefixed, save, seed

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from transformers import (AutoModelForCausalLM, GPT2Config, GraniteConfig, LlamaConfig, MistralConfig, Qwen2Config,
                          Qwen3Config)
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
FOLDER = ROOT / "llm/src/test/resources/fixtures/llm"
VOCAB, TOKENS, NEW_TOKENS, TOLERANCE = 96, 24, 24, 1e-5
SMALL = dict(vocab_size=VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
             max_position_embeddings=128, rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2)
LLAMA3 = dict(rope_theta=500000.0, rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=16)
FAMILIES = {
    "llama2": LlamaConfig(**SMALL, num_key_value_heads=4, rope_parameters=dict(rope_theta=10000.0, rope_type="default")),
    "llama3": LlamaConfig(**SMALL, num_key_value_heads=2, rope_parameters=LLAMA3, tie_word_embeddings=True),
    "llama_linear": LlamaConfig(**SMALL, num_key_value_heads=1, attention_bias=True, mlp_bias=True,
                                rope_parameters=dict(rope_theta=10000.0, rope_type="linear", factor=2.0)),
    "mistral": MistralConfig(**SMALL, num_key_value_heads=2, sliding_window=5,
                             rope_parameters=dict(rope_theta=10000.0, rope_type="default")),
    "qwen2": Qwen2Config(**SMALL, num_key_value_heads=2, tie_word_embeddings=True, use_sliding_window=True,
                         sliding_window=6, max_window_layers=1,
                         rope_parameters=dict(rope_theta=1000000.0, rope_type="default")),
    "qwen3": Qwen3Config(**SMALL, num_key_value_heads=2, head_dim=16,
                         rope_parameters=dict(rope_theta=1000000.0, rope_type="default")),
    "gpt2": GPT2Config(vocab_size=VOCAB, n_embd=32, n_layer=2, n_head=4, n_positions=64, bos_token_id=1,
                       eos_token_id=2),
    "granite": GraniteConfig(**SMALL, num_key_value_heads=2, attention_bias=True, mlp_bias=True, tie_word_embeddings=True,
                             embedding_multiplier=3.5, attention_multiplier=0.81, residual_multiplier=0.37,
                             logits_scaling=1.7, rope_parameters=dict(rope_theta=20000.0, rope_type="default")),
}
OLD_STYLE = ["llama2", "llama3", "llama_linear", "mistral", "granite"]  # the style of most config.json files
SHARDED = ["qwen3"]
MODULES = {"gpt2": ["c_attn", "c_proj", "c_fc"]}


def randomize(model, std):
    """Moves parameters far enough from their initial values for every part of the model to matter."""
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            norm = "norm" in name or ".ln_" in name
            torch.nn.init.normal_(parameter, 1.0 if norm and name.endswith("weight") else 0.0, 0.1 if norm else std)


def old_style(path):
    config = json.loads(path.read_text())
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = None if rope["rope_type"] == "default" else rope
    if rope["rope_type"] == "linear":
        rope["type"] = rope.pop("rope_type")
    config["torch_dtype"] = config.pop("dtype")
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def loss_of(logits, tokens):
    return torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())


def greedy(model, prompt):
    with torch.no_grad():
        whole = model.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=False,
                               max_new_tokens=NEW_TOKENS, eos_token_id=None, pad_token_id=0)
    return whole[0, prompt.shape[1]:]


def said(folder, tokens):
    """Computes all compared values from the files alone."""
    base = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="sdpa", dtype=torch.float32).eval()
    out = {"tokens": tokens}
    with torch.no_grad():
        out["logits"] = base(tokens).logits
    out["greedy"] = greedy(base, tokens[:1, :5])
    model = PeftModel.from_pretrained(base, folder / "adapter", is_trainable=True).eval()
    logits = model(tokens).logits
    out["adapted_logits"] = logits.detach()
    loss_of(logits, tokens).backward()
    state = get_peft_model_state_dict(model, {n: p.grad for n, p in model.named_parameters() if p.grad is not None})
    out.update(prefixed("grad.", dict(sorted(state.items()))))
    out["adapted_greedy"] = greedy(model, tokens[:1, :5])
    return out


def write(name, config):
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    seed(name)
    model = AutoModelForCausalLM.from_config(config)
    randomize(model, 0.2)
    model.generation_config.pad_token_id = 0
    model.save_pretrained(folder, max_shard_size="40KB" if name in SHARDED else "1GB")
    (folder / "generation_config.json").unlink(missing_ok=True)
    if name in OLD_STYLE:
        old_style(folder / "config.json")
    lora = LoraConfig(r=2, lora_alpha=4, target_modules=MODULES.get(name, "all-linear"), task_type="CAUSAL_LM",
                      fan_in_fan_out=name in MODULES)
    adapted = get_peft_model(model, lora)
    randomize(adapted, 0.2)
    adapted.save_pretrained(folder / "adapter")
    (folder / "adapter/README.md").unlink(missing_ok=True)
    config_file = folder / "adapter/adapter_config.json"
    kept = json.loads(config_file.read_text())
    kept["base_model_name_or_path"] = None
    kept["target_modules"] = sorted(kept["target_modules"])
    config_file.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")
    tokens = torch.randint(3, VOCAB, (2, TOKENS))
    save(folder / "expected.safetensors", said(folder, tokens), {"transformers": "5.18.0", "family": name})
    return folder


def wrong_in(folder):
    stored, _ = load(folder / "expected.safetensors")
    again = said(folder, stored["tokens"])
    wrong = [f"{folder.name}: {key} is missing" for key in stored.keys() ^ again.keys()]
    for key in stored.keys() & again.keys():
        wrong += differs(f"{folder.name}: {key}", stored[key], again[key], TOLERANCE)
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    if size > 250_000:
        wrong.append(f"{folder.name}: {size:,} bytes are too many")
    return wrong


def main():
    wrong = []
    for name, config in FAMILIES.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        wrong += wrong_in(write(name, config))
    finish(FOLDER, wrong)


if __name__ == "__main__":
    main()
