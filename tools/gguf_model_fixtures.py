"""Small language models as GGUF files in the form of llama.cpp's converter, written by the gguf package.

    pip install gguf && python tools/gguf_model_fixtures.py

The models are those of llm_fixtures.py, with known transformers results; the tokenizers are those of
tokenizer_fixtures.py, each in a file with a tiny model.
"""
from fixture_io import ROOT, finish

import json
import re

import gguf
import numpy as np
import torch
from safetensors.torch import load_file

RESOURCES = ROOT / "llm/src/test/resources/fixtures"
FOLDER = RESOURCES / "gguf"
LLAMA = {"self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
         "self_attn.o_proj": "attn_output", "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm",
         "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
         "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm"}
GPT2 = {"ln_1": "attn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "ln_2": "ffn_norm",
        "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down"}
OUTER = {"model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
         "transformer.wte": "token_embd", "transformer.wpe": "position_embd", "transformer.ln_f": "output_norm"}
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6


def interleaved(weights, heads):
    """Interleaves the rows of the first and second half of each query or key head."""
    half = weights.shape[0] // heads // 2
    rows = [head * 2 * half + part * half + i for head in range(heads) for i in range(half) for part in (0, 1)]
    return weights[rows]


def tensor(name, value, config):
    module, kind = name.rsplit(".", 1)
    if module in OUTER:
        return f"{OUTER[module]}.{kind}", value
    _, _, number, inner = module.split(".", 3)
    if config["model_type"] == "gpt2":
        turned = kind == "weight" and value.ndim == 2
        return f"blk.{number}.{GPT2[inner]}.{kind}", np.ascontiguousarray(value.T) if turned else value
    if config["model_type"] in ("llama", "granite") and inner in ("self_attn.q_proj", "self_attn.k_proj"):
        key = "num_attention_heads" if inner.endswith("q_proj") else "num_key_value_heads"
        value = interleaved(value, config[key])
    return f"blk.{number}.{LLAMA[inner]}.{kind}", value


def llama3_factors(config):
    scaling, dim = config["rope_scaling"], config["head_dim"]
    frequencies = 1 / config["rope_theta"] ** (torch.arange(0, dim, 2, dtype=torch.float32) / dim)
    low = scaling["original_max_position_embeddings"] / scaling["low_freq_factor"]
    high = scaling["original_max_position_embeddings"] / scaling["high_freq_factor"]
    factors = []
    for wave in (2 * np.pi / frequencies).tolist():
        if wave < high:
            factors.append(1.0)
        elif wave > low:
            factors.append(scaling["factor"])
        else:
            smooth = (low / wave * scaling["low_freq_factor"] - scaling["low_freq_factor"]) / (
                scaling["high_freq_factor"] - scaling["low_freq_factor"])
            factors.append(1 / ((1 - smooth) / scaling["factor"] + smooth))
    return np.array(factors, dtype=np.float32)


def describe(writer, config):
    if config["model_type"] == "gpt2":
        writer.add_block_count(config["n_layer"])
        writer.add_context_length(config["n_positions"])
        writer.add_embedding_length(config["n_embd"])
        writer.add_feed_forward_length(4 * config["n_embd"])
        writer.add_head_count(config["n_head"])
        writer.add_layer_norm_eps(config["layer_norm_epsilon"])
        return
    head_dim = config.get("head_dim", config["hidden_size"] // config["num_attention_heads"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(config.get("rope_theta") or config["rope_parameters"]["rope_theta"])
    if config["model_type"] == "granite":
        writer.add_attention_scale(config["attention_multiplier"])
        writer.add_embedding_scale(config["embedding_multiplier"])
        writer.add_residual_scale(config["residual_multiplier"])
        writer.add_logit_scale(config["logits_scaling"])
    if config["model_type"] in ("llama", "granite"):
        writer.add_rope_dimension_count(head_dim)
        writer.add_vocab_size(config["vocab_size"])
    elif config["model_type"] == "qwen3":
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
    scaling = config.get("rope_scaling") or {}
    if scaling.get("type") == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(scaling["factor"])
    if scaling.get("rope_type") == "llama3":
        writer.add_rope_scaling_orig_ctx_len(scaling["original_max_position_embeddings"])
        writer.add_tensor("rope_freqs.weight", llama3_factors(config))


def close(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def model(family):
    source = RESOURCES / "llm" / family
    config = json.loads((source / "config.json").read_text())
    writer = gguf.GGUFWriter(FOLDER / f"{family}.gguf", config["model_type"])
    describe(writer, config)
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])
    for shard in sorted(source.glob("model*.safetensors")):
        for name, value in load_file(shard).items():
            writer.add_tensor(*tensor(name, np.ascontiguousarray(value.numpy()), config))
    close(writer)


# Settings that llama.cpp's architecture has instead of the fixture's odd ones.
MAPPED = {
    "smollm3": {}, "olmo2": {}, "phi3": {}, "phi3_long": {},
    "qwen3_moe": dict(mlp_only_layers=[]), "ministral3": dict(sliding_window=None),
    "gemma2": dict(query_pre_attn_scalar=8),
    "gemma3": dict(query_pre_attn_scalar=8, layer_types=["sliding_attention"] * 3, rope_parameters=dict(
        full_attention=dict(rope_theta=5000.0, rope_type="linear", factor=3.0),
        sliding_attention=dict(rope_theta=10000.0, rope_type="default"))),
}
ARCHITECTURES = {name: arch for arch, name in gguf.MODEL_ARCH_NAMES.items()}


def stacked(state):
    """One tensor for all experts of a layer; layer 1, which has none, gets those of layer 0."""
    first = "model.layers.0.mlp."
    if first + "gate.weight" not in state:
        return state
    for name in [name for name in state if name.startswith("model.layers.1.mlp.")]:
        del state[name]
    state.update({name.replace(".0.", ".1.", 1): value for name, value in list(state.items()) if name.startswith(first)})
    out = {}
    for name, value in state.items():
        part = re.fullmatch(r"(.*\.experts)\.(\d+)(\..*)", name)
        if not part:
            out[name] = value
        elif part[2] == "0":
            before, after = part[1], part[3]
            count = sum(other.startswith(before) and other.endswith(after) for other in state)
            out[before + after] = torch.stack([state[f"{before}.{i}{after}"] for i in range(count)])
    return out


def mapped(family):
    """A model with the gguf package's names of tensors, and the metadata that llama.cpp's converter writes."""
    source = RESOURCES / "llm" / family
    config = json.loads((source / "config.json").read_text()) | MAPPED[family]
    arch = {"gemma3_text": "gemma3", "qwen3_moe": "qwen3moe", "ministral3": "mistral3"}.get(config["model_type"], config["model_type"])
    names = gguf.get_tensor_name_map(ARCHITECTURES[arch], config["num_hidden_layers"])
    writer = gguf.GGUFWriter(FOLDER / f"{family}.gguf", arch)
    rope = config.get("rope_parameters") or dict(config["rope_scaling"], rope_theta=config["rope_theta"])
    head_dim = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    describe(writer, config | dict(rope_theta=rope.get("full_attention", rope)["rope_theta"]))
    writer.add_vocab_size(config["vocab_size"])
    if arch == "phi3":
        writer.add_rope_dimension_count(int(head_dim * rope["partial_rotary_factor"]))
    if arch in ("phi3", "gemma2", "gemma3"):
        writer.add_sliding_window(config["sliding_window"] or 0)
    if family == "phi3_long":
        original = config["original_max_position_embeddings"]
        longer = config["max_position_embeddings"] / original
        writer.add_rope_scaling_orig_ctx_len(original)
        writer.add_rope_scaling_attn_factors(float(np.sqrt(1 + np.log(longer) / np.log(original))))
        for part in ("long", "short"):
            writer.add_tensor(f"rope_factors_{part}.weight", np.array(rope[f"{part}_factor"], dtype=np.float32))
    if arch in ("gemma2", "gemma3", "qwen3moe", "mistral3"):
        writer.add_key_length(head_dim)
        writer.add_value_length(head_dim)
    if arch == "mistral3":
        writer.add_rope_dimension_count(head_dim)
        writer.add_rope_scaling_type(gguf.RopeScalingType.YARN)
        writer.add_rope_scaling_factor(rope["factor"])
        writer.add_rope_scaling_orig_ctx_len(rope["original_max_position_embeddings"])
        writer.add_rope_scaling_yarn_beta_fast(rope["beta_fast"])
        writer.add_rope_scaling_yarn_beta_slow(rope["beta_slow"])
        writer.add_rope_scaling_yarn_log_mul(rope["mscale_all_dim"])  # llama.cpp has an mscale of 1
        writer.add_attn_temperature_scale(rope["llama_4_scaling_beta"])
    if arch == "gemma2":
        writer.add_attn_logit_softcapping(config["attn_logit_softcapping"])
        writer.add_final_logit_softcapping(config["final_logit_softcapping"])
    if arch == "gemma3":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(rope["full_attention"]["factor"])
    writer.add_bos_token_id(config["bos_token_id"])
    writer.add_eos_token_id(config["eos_token_id"])
    if arch == "qwen3moe":
        writer.add_expert_count(config["num_local_experts"])
        writer.add_expert_used_count(config["num_experts_per_tok"])
        writer.add_expert_feed_forward_length(config["moe_intermediate_size"])
    for shard in sorted(source.glob("model*.safetensors")):
        for name, value in stacked(load_file(shard)).items():
            value = np.ascontiguousarray(value.numpy())
            if arch.startswith("gemma") and name.endswith("norm.weight"):
                value = value + 1
            for layer, heads in (("q_proj", "num_attention_heads"), ("k_proj", "num_key_value_heads")):
                if arch in ("smollm3", "mistral3") and f".{layer}." in name:
                    value = interleaved(value, config[heads])
            writer.add_tensor(names.get_name(name, try_suffixes=(".weight", ".bias")), value)
    close(writer)


def tokenizer(name, pre, **split):
    source = RESOURCES / "text" / name
    content = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    config = json.loads((source / "tokenizer_config.json").read_text(encoding="utf-8"))
    other = source / "special_tokens_map.json"
    config.update(json.loads(other.read_text(encoding="utf-8")) if other.exists() else {})
    vocabulary = content["model"]["vocab"]
    special = {token["content"] for token in content["added_tokens"]}
    tokens = sorted(vocabulary, key=vocabulary.get)
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in content["model"]["merges"]]
    file = FOLDER / ("split" if split else "") / f"tokenizer_{name}.gguf"
    writer = gguf.GGUFWriter(file, "llama", **split)
    tiny = dict(model_type="llama", num_hidden_layers=1, max_position_embeddings=512, hidden_size=4,
                intermediate_size=4, num_attention_heads=1, num_key_value_heads=1, rms_norm_eps=1e-5,
                rope_theta=1e4, vocab_size=len(tokens))
    describe(writer, tiny)
    types = [CONTROL if token in special else NORMAL for token in tokens]
    if pre:
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(pre)
        writer.add_token_merges(merges)
    else:
        ranks = {}
        for rank, merge in enumerate(merges):
            ranks.setdefault(merge.replace(" ", ""), -float(rank))
        writer.add_tokenizer_model("llama")
        writer.add_token_scores([ranks.get(token, -1e4) for token in tokens])
        types = [UNKNOWN if t == "<unk>" else BYTE if len(t) == 6 and t.startswith("<0x") else types[i]
                 for i, t in enumerate(tokens)]
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    for key, add in dict(bos_token=writer.add_bos_token_id, eos_token=writer.add_eos_token_id,
                         unk_token=writer.add_unk_token_id, pad_token=writer.add_pad_token_id).items():
        if key in config:
            text = config[key] if isinstance(config[key], str) else config[key]["content"]
            add(vocabulary[text])
    if name == "llama3":
        writer.add_eot_token_id(vocabulary["<|end_of_text|>"])
    writer.add_chat_template("{% for m in messages %}{{ bos_token + m['role'] + ': ' + m['content'] }}{% endfor %}")
    ones = np.ones(4, dtype=np.float32)
    square = np.eye(4, dtype=np.float32)
    writer.add_tensor("token_embd.weight", np.ones((len(tokens), 4), dtype=np.float16))
    writer.add_tensor("output_norm.weight", ones)
    for norm in ("attn_norm", "ffn_norm"):
        writer.add_tensor(f"blk.0.{norm}.weight", ones)
    for linear in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        writer.add_tensor(f"blk.0.{linear}.weight", square)
    close(writer)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for family in ("llama2", "llama3", "llama_linear", "qwen3", "gpt2", "granite"):
        model(family)
    for family in MAPPED:
        mapped(family)
    for name, pre in dict(gpt2="gpt-2", smollm2="smollm", llama3="llama-bpe", llama2=None).items():
        tokenizer(name, pre)
    (FOLDER / "split").mkdir(exist_ok=True)
    tokenizer("smollm2", "smollm", split_max_tensors=5)
    wrong = [f"{file.name}: no tensors" for file in FOLDER.rglob("*.gguf") if not gguf.GGUFReader(file).tensors]
    finish(FOLDER, wrong)


main()
