"""A model of a given shape with random weights, in the blocks of a GGUF file, for measurements.

    python tools/random_gguf.py --tokenizer SmolLM2-135M-Instruct.Q4_1.gguf tinyllama-q4_0.gguf

TinyLlama's shape, 1.1 B parameters, by default. The vocabulary is the beginning of another GGUF file's, with the merges
that make it; with --llama3, Llama 3's 128,256 tokens, of which those after the other file's are placeholders. Like
llama.cpp's quantisation, it keeps the head in Q6_K. The same arguments give the same bytes.
"""
import argparse
import pathlib
import sys

import gguf
import numpy as np

arguments = argparse.ArgumentParser()
arguments.add_argument("file", type=pathlib.Path)
arguments.add_argument("--tokenizer", type=pathlib.Path, required=True, help="GGUF file to take the vocabulary from")
arguments.add_argument("--type", default="Q4_0", help="type of the weights")
arguments.add_argument("--head-type", default="Q6_K", help="type of the head; of the embedding if it is tied")
arguments.add_argument("--llama3", action="store_true", help="a vocabulary of the size and special tokens of Llama 3's")
arguments.add_argument("--tied", action="store_true", help="the head is the embedding")
for name, value in dict(layers=22, hidden=2048, intermediate=5632, heads=32, kv_heads=4, vocab=32000,
                        context=2048).items():
    arguments.add_argument("--" + name.replace("_", "-"), type=int, default=value)
arguments.add_argument("--std", type=float, default=0.02, help="standard deviation of the weights")
a = arguments.parse_args()
if a.llama3:
    a.vocab = 128256
random = np.random.default_rng(0)


def halves(count, of):
    """Scales close to a value, as the two bytes of a half."""
    return (of * random.uniform(0.9, 1.1, count)).astype(np.float16).view(np.uint8).reshape(count, 2)


def noise(count, *shape):
    return random.integers(0, 256, (count, *shape), dtype=np.uint8)


def q4_0(count):
    return np.concatenate([halves(count, a.std / 4.6), noise(count, 16)], axis=1)


def q8_0(count):
    return np.concatenate([halves(count, a.std / 74), noise(count, 32)], axis=1)


def q4_k(count):
    """Scales and minima of 32: their averages, and the average code of 7.5, give a mean of about 0."""
    return np.concatenate([halves(count, a.std / (4.6 * 32)), halves(count, a.std / (4.6 * 32) * 7.5),
                           noise(count, 12), noise(count, 128)], axis=1)


def q6_k(count):
    scales = random.integers(32, 64, (count, 16), dtype=np.uint8)
    return np.concatenate([noise(count, 192), scales, halves(count, a.std / (18.5 * 48))], axis=1)


BLOCKS = {"Q4_0": q4_0, "Q8_0": q8_0, "Q4_K": q4_k, "Q6_K": q6_k}


def llama3_special_tokens():
    names = {0: "begin_of_text", 1: "end_of_text", 6: "start_header_id", 7: "end_header_id", 9: "eot_id"}
    return [f"<|{names.get(i, f'reserved_special_token_{i}')}|>" for i in range(256)]


def copy_tokenizer(writer):
    """Copies the first tokens and the merges of them, in which a byte-level vocabulary is closed."""
    fields = gguf.GGUFReader(a.tokenizer).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()[: a.vocab]
    types = fields["tokenizer.ggml.token_type"].contents()[: a.vocab]
    if a.llama3:
        ordinary = 128000
        types += [int(gguf.TokenType.UNUSED)] * (ordinary - len(tokens)) + [int(gguf.TokenType.CONTROL)] * 256
        tokens += [f"placeholder{i}" for i in range(len(tokens), ordinary)] + llama3_special_tokens()
    if len(tokens) < a.vocab:
        sys.exit(f"{a.tokenizer} has {len(tokens)} tokens, fewer than {a.vocab}")
    known = set(tokens)
    merges = [m for m in fields["tokenizer.ggml.merges"].contents() if m.replace(" ", "") in known]
    writer.add_tokenizer_model(fields["tokenizer.ggml.model"].contents())
    writer.add_tokenizer_pre(fields["tokenizer.ggml.pre"].contents())
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)
    writer.add_bos_token_id(fields["tokenizer.ggml.bos_token_id"].contents())
    writer.add_eos_token_id(fields["tokenizer.ggml.eos_token_id"].contents())
    if "tokenizer.chat_template" in fields:
        writer.add_chat_template(fields["tokenizer.chat_template"].contents())


writer = gguf.GGUFWriter(a.file, "llama")
writer.add_block_count(a.layers)
writer.add_context_length(a.context)
writer.add_embedding_length(a.hidden)
writer.add_feed_forward_length(a.intermediate)
writer.add_head_count(a.heads)
writer.add_head_count_kv(a.kv_heads)
writer.add_layer_norm_rms_eps(1e-5)
writer.add_rope_freq_base(10000.0)
writer.add_rope_dimension_count(a.hidden // a.heads)
writer.add_vocab_size(a.vocab)
copy_tokenizer(writer)


def weight(name, out, inputs, kind):
    quant = gguf.GGMLQuantizationType[kind]
    elements, size = gguf.GGML_QUANT_SIZES[quant]
    if inputs % elements:
        sys.exit(f"{name}: rows of {inputs} are not whole blocks of {elements}, as {kind} needs")
    blocks = BLOCKS[kind](out * inputs // elements)
    writer.add_tensor(name, blocks.reshape(out, inputs // elements * size), raw_dtype=quant)


def norm(name):
    writer.add_tensor(name, np.ones(a.hidden, dtype=np.float32))


keys = a.hidden // a.heads * a.kv_heads
weight("token_embd.weight", a.vocab, a.hidden, a.head_type if a.tied else a.type)
for layer in range(a.layers):
    of = f"blk.{layer}."
    norm(of + "attn_norm.weight")
    norm(of + "ffn_norm.weight")
    weight(of + "attn_q.weight", a.hidden, a.hidden, a.type)
    weight(of + "attn_k.weight", keys, a.hidden, a.type)
    weight(of + "attn_v.weight", keys, a.hidden, a.type)
    weight(of + "attn_output.weight", a.hidden, a.hidden, a.type)
    weight(of + "ffn_gate.weight", a.intermediate, a.hidden, a.type)
    weight(of + "ffn_up.weight", a.intermediate, a.hidden, a.type)
    weight(of + "ffn_down.weight", a.hidden, a.intermediate, a.type)
norm("output_norm.weight")
if not a.tied:
    weight("output.weight", a.vocab, a.hidden, a.head_type)
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
