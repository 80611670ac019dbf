"""Computes the next token's log-probabilities after some tokens in float64, from the values that the gguf package reads from a Llama in GGUF:

    logits_exact.py --model MODEL.gguf --tokens 1,2,3

Prints one JSON line with those of the likeliest tokens, by token.
"""
import argparse
import json

import numpy as np
import torch
from gguf import GGUFReader, dequantize
from transformers import LlamaConfig, LlamaForCausalLM

arguments = argparse.ArgumentParser()
arguments.add_argument("--model", required=True)
arguments.add_argument("--tokens", required=True)
arguments.add_argument("--top", type=int, default=64)
a = arguments.parse_args()
reader = GGUFReader(a.model)
NAMES = {"attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
         "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
         "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm"}


def setting(key):
    field = reader.fields["llama." + key]
    return field.parts[field.data[0]][0].item()


def values(tensor):
    return torch.tensor(np.array(dequantize(tensor.data, tensor.tensor_type)), dtype=torch.float64)


def in_transformers_order(weight, heads):
    return weight.reshape(heads, weight.shape[0] // heads // 2, 2, weight.shape[1]).swapaxes(1, 2).reshape(weight.shape)


heads = {"attn_q": setting("attention.head_count"), "attn_k": setting("attention.head_count_kv")}
state = {}
for tensor in reader.tensors:
    weight = values(tensor)
    if tensor.name.startswith("blk."):
        _, layer, kind, _ = tensor.name.split(".")
        if kind in heads:
            weight = in_transformers_order(weight, heads[kind])
        state[f"model.layers.{layer}.{NAMES[kind]}.weight"] = weight
    else:
        state[{"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight",
               "output.weight": "lm_head.weight"}[tensor.name]] = weight
embedding = state["model.embed_tokens.weight"]
state.setdefault("lm_head.weight", embedding)
network = LlamaForCausalLM(LlamaConfig(
    vocab_size=embedding.shape[0], hidden_size=embedding.shape[1],
    intermediate_size=setting("feed_forward_length"), num_hidden_layers=setting("block_count"),
    num_attention_heads=heads["attn_q"], num_key_value_heads=heads["attn_k"],
    rms_norm_eps=setting("attention.layer_norm_rms_epsilon"), rope_theta=setting("rope.freq_base"),
    tie_word_embeddings=False)).double().eval()
network.load_state_dict(state)
with torch.no_grad():
    logits = network(torch.tensor([[int(token) for token in a.tokens.split(",")]])).logits[0, -1]
likeliest = torch.log_softmax(logits, -1).topk(a.top)
print(json.dumps({str(token): p for token, p in zip(likeliest.indices.tolist(), likeliest.values.tolist())}))
