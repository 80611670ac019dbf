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
import transformers
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from transformers import (AutoModelForCausalLM, AutoModelForImageTextToText, Gemma2Config, Gemma3Config, Gemma3TextConfig, GPT2Config,
                          GraniteConfig, LlamaConfig, Ministral3Config, Mistral3Config, MistralConfig, Olmo2Config,
                          Phi3Config, PixtralVisionConfig, Qwen2Config, Qwen3Config, Qwen3MoeConfig,
                          SiglipVisionConfig, SmolLM3Config)
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()
FOLDER = ROOT / "llm/src/test/resources/fixtures/llm"
VOCAB, TOKENS, NEW_TOKENS, TOLERANCE = 96, 24, 24, 1e-5
SMALL = dict(vocab_size=VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
             max_position_embeddings=128, rms_norm_eps=1e-5, bos_token_id=1, eos_token_id=2)
LLAMA3 = dict(rope_theta=500000.0, rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
              original_max_position_embeddings=16)
TINY = dict(vocab_size=VOCAB, hidden_size=16, intermediate_size=20, num_attention_heads=2, num_key_value_heads=1,
            max_position_embeddings=128, rms_norm_eps=2e-5, bos_token_id=1, eos_token_id=2, pad_token_id=0)
EYES = dict(hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1, image_size=8, patch_size=4)
WIDE = {**TINY, "num_attention_heads": 4, "num_key_value_heads": 2}
GEMMA = dict(**WIDE, num_hidden_layers=3, head_dim=8, attention_bias=True, sliding_window=5)
GEMMA3 = dict(**GEMMA, query_pre_attn_scalar=13, layer_types=["sliding_attention", "full_attention",
                                                              "sliding_attention"],
              rope_parameters=dict(full_attention=dict(rope_theta=5000.0, rope_type="linear", factor=3.0),
                                   sliding_attention=dict(rope_theta=700.0, rope_type="default")))
MINISTRAL3 = dict(**TINY, num_hidden_layers=2, head_dim=8, rope_parameters=dict(
    rope_theta=3000.0, rope_type="yarn", factor=4.0, original_max_position_embeddings=8, beta_fast=3.0, beta_slow=0.5,
    mscale=0.7, mscale_all_dim=1.9, llama_4_scaling_beta=0.4))
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
    "smollm3": SmolLM3Config(**TINY, num_hidden_layers=4, attention_bias=True, tie_word_embeddings=False,
                             rope_parameters=dict(rope_theta=5000.0, rope_type="default")),
    "smollm3_listed": SmolLM3Config(**TINY, num_hidden_layers=3, no_rope_layers=[0, 1, 1], use_sliding_window=True,
                                    sliding_window=5, mlp_bias=True,
                                    rope_parameters=dict(rope_theta=5000.0, rope_type="default")),
    "phi3": Phi3Config(**TINY, num_hidden_layers=2, resid_pdrop=0.1, sliding_window=7,
                       rope_parameters=dict(rope_theta=3000.0, rope_type="default", partial_rotary_factor=0.75)),
    "phi3_long": Phi3Config(**TINY, num_hidden_layers=2, original_max_position_embeddings=16,
                            rope_parameters=dict(rope_theta=3000.0, rope_type="longrope",
                                                 short_factor=[1.0, 1.3, 1.7, 2.1], long_factor=[1.5, 2.5, 6.0, 9.0])),
    "gemma2": Gemma2Config(**GEMMA, query_pre_attn_scalar=11, attn_logit_softcapping=3.0, final_logit_softcapping=5.0,
                           rope_parameters=dict(rope_theta=5000.0, rope_type="default")),
    "gemma3": Gemma3TextConfig(**GEMMA3),
    "gemma3_nested": Gemma3Config(text_config=GEMMA3, vision_config=SiglipVisionConfig(**EYES), mm_tokens_per_image=1),
    "llama_yarn": LlamaConfig(**TINY, num_hidden_layers=2, rope_parameters=dict(
        rope_theta=3000.0, rope_type="yarn", factor=4.0, original_max_position_embeddings=8, beta_fast=2.0,
        beta_slow=0.3, truncate=False)),
    "ministral3": Ministral3Config(**MINISTRAL3, sliding_window=6),
    "mistral3_nested": Mistral3Config(text_config=Ministral3Config(**MINISTRAL3, tie_word_embeddings=False),
                                      vision_config=PixtralVisionConfig(**EYES), tie_word_embeddings=False),
    "olmo2": Olmo2Config(**TINY, num_hidden_layers=2, attention_bias=True,
                         rope_parameters=dict(rope_theta=3000.0, rope_type="default")),
    "qwen3_moe": Qwen3MoeConfig(**TINY, num_hidden_layers=3, head_dim=8, num_experts=5, num_experts_per_tok=2,
                                moe_intermediate_size=12, norm_topk_prob=True, mlp_only_layers=[1],
                                rope_parameters=dict(rope_theta=3000.0, rope_type="default")),
}
# The style of most config.json files.
OLD_STYLE = ["llama2", "llama3", "llama_linear", "mistral", "granite", "smollm3_listed", "phi3_long", "gemma3_nested"]
SHARDED = ["qwen3"]
TEXT = r".*language_model.*_proj"
MODULES = {"gpt2": ["c_attn", "c_proj", "c_fc"], "qwen3_moe": ["q_proj", "k_proj", "v_proj", "o_proj"],
           "gemma3_nested": TEXT, "mistral3_nested": TEXT}
SHORT = [name for name, config in FAMILIES.items() if config.get_text_config().hidden_size == TINY["hidden_size"]]


def randomize(model, std):
    """Moves parameters far enough from their initial values for every part of the model to matter."""
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            norm = "norm" in name or ".ln_" in name
            mean = 0.3 if "Gemma" in type(model).__name__ else 1.0  # Gemma's norms multiply by 1 + weight
            torch.nn.init.normal_(parameter, mean if norm and name.endswith("weight") else 0.0, 0.1 if norm else std)


def old_style(path):
    config = json.loads(path.read_text())
    old_gemma3(config["text_config"]) if "text_config" in config else old_rope(config)
    config["torch_dtype"] = config.pop("dtype")
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def old_gemma3(config):
    rope = config.pop("rope_parameters")
    config.update(rope_theta=rope["full_attention"].pop("rope_theta"), rope_scaling=rope["full_attention"],
                  rope_local_base_freq=rope["sliding_attention"]["rope_theta"], sliding_window_pattern=2)
    for key in ("layer_types", "dtype", "_sliding_window_pattern"):
        config.pop(key, None)


def old_rope(config):
    rope = config.pop("rope_parameters")
    config["rope_theta"] = rope.pop("rope_theta")
    config["rope_scaling"] = None if rope["rope_type"] == "default" else rope
    if rope["rope_type"] == "linear":
        rope["type"] = rope.pop("rope_type")
    if rope.get("rope_type") == "longrope":
        rope["type"] = "longrope"
        del rope["rope_type"], rope["original_max_position_embeddings"]


def loss_of(logits, tokens):
    return torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())


def auto(name):
    return AutoModelForImageTextToText if name == "mistral3_nested" else AutoModelForCausalLM


def greedy(model, prompt):
    with torch.no_grad():
        # PEFT drops Phi's rule that a cache ends where LongRoPE's frequencies change.
        whole = model.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=False,
                               max_new_tokens=NEW_TOKENS, eos_token_id=None, pad_token_id=0,
                               use_cache=model.config.model_type != "phi3")
    return whole[0, prompt.shape[1]:]


def said(folder, tokens):
    """Computes all compared values from the files alone."""
    attention = "eager" if folder.name == "gemma2" else "sdpa"  # which ignores the soft cap
    base = auto(folder.name).from_pretrained(folder, attn_implementation=attention, dtype=torch.float32).eval()
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
    model = auto(name).from_config(config)
    randomize(model, 0.2)
    model.generation_config.pad_token_id = 0
    model.save_pretrained(folder, max_shard_size="40KB" if name in SHARDED else "1GB")
    (folder / "generation_config.json").unlink(missing_ok=True)
    if name in OLD_STYLE:
        old_style(folder / "config.json")
    lora = LoraConfig(r=2, lora_alpha=4, target_modules=MODULES.get(name, "all-linear"), task_type="CAUSAL_LM",
                      fan_in_fan_out=name == "gpt2")
    adapted = get_peft_model(model, lora)
    randomize(adapted, 0.2)
    adapted.save_pretrained(folder / "adapter")
    (folder / "adapter/README.md").unlink(missing_ok=True)
    config_file = folder / "adapter/adapter_config.json"
    kept = json.loads(config_file.read_text())
    kept["base_model_name_or_path"] = None
    if not isinstance(kept["target_modules"], str):
        kept["target_modules"] = sorted(kept["target_modules"])
    config_file.write_text(json.dumps(kept, indent=2, sort_keys=True) + "\n")
    tokens = torch.randint(3, VOCAB, (2, 18 if name in SHORT else TOKENS))
    save(folder / "expected.safetensors", said(folder, tokens), {"transformers": transformers.__version__, "family": name})
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
