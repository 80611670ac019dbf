"""Checks that transformers computes the same mean negative log-likelihood of a text file as lora4j.

    python tools/check_nll.py model-directory data.jsonl --nll 3.21 --tokens 456 [--adapter directory]

Rows are {"text"}, {"prompt", "completion"} or {"messages"}. The check uses transformers' own tokenizer, chat
template and model, one example at a time; PEFT loads the adapter. Prints one line of JSON, and exits with 1 if token
counts or losses differ.
"""
import argparse
import json
import pathlib
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

logging.set_verbosity_error()
logging.disable_progress_bar()


def ended(ids, tokenizer):
    return ids if ids[-1:] == [tokenizer.eos_token_id] else ids + [tokenizer.eos_token_id]


def whole_text(row, tokenizer):
    ids = ended(tokenizer(row["text"])["input_ids"], tokenizer)
    return ids, [False] + [True] * (len(ids) - 1)


def completion(row, tokenizer):
    seam = len(row["prompt"])
    encoded = tokenizer(row["prompt"] + row["completion"], return_offsets_mapping=True)
    ids = ended(encoded["input_ids"], tokenizer)
    loss = [begin < end and end > seam for begin, end in encoded["offset_mapping"]]
    return ids, loss + [True] * (len(ids) - len(loss))


def conversation(row, tokenizer):
    """Labels every answer, including its end token."""
    messages = row["messages"]
    text = tokenizer.apply_chat_template(messages, tokenize=False)
    spans = []
    for i, message in enumerate(messages):
        if message["role"] == "assistant":
            begin = len(tokenizer.apply_chat_template(messages[:i], tokenize=False, add_generation_prompt=True))
            spans.append((begin, begin + len(message["content"]) + len(tokenizer.eos_token)))
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    loss = [any(b < end and begin < e and b < e for begin, end in spans) for b, e in encoded["offset_mapping"]]
    return encoded["input_ids"], loss


def example(row, tokenizer):
    if "text" in row:
        return whole_text(row, tokenizer)
    return completion(row, tokenizer) if "prompt" in row else conversation(row, tokenizer)


def main():
    arg = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arg.add_argument("model", type=pathlib.Path)
    arg.add_argument("data", type=pathlib.Path)
    arg.add_argument("--adapter", type=pathlib.Path)
    arg.add_argument("--nll", type=float, required=True)
    arg.add_argument("--tokens", type=int, required=True)
    arg.add_argument("--tolerance", type=float, default=1e-4)
    a = arg.parse_args()
    torch.set_num_threads(1)
    tokenizer = AutoTokenizer.from_pretrained(a.model)
    model = AutoModelForCausalLM.from_pretrained(a.model, dtype=torch.float32)
    if a.adapter:
        from peft import PeftModel

        model = PeftModel.from_pretrained(model, a.adapter)
    model.eval()
    total, tokens = 0.0, 0
    for line in a.data.read_text(encoding="utf-8").splitlines():
        ids, loss = example(json.loads(line), tokenizer)
        with torch.no_grad():
            logp = model(torch.tensor([ids])).logits[0].double().log_softmax(-1)
        for place in range(1, len(ids)):
            if loss[place]:
                total -= logp[place - 1, ids[place]].item()
                tokens += 1
    nll = total / tokens
    ok = tokens == a.tokens and abs(nll - a.nll) <= a.tolerance
    print(json.dumps(dict(ok=ok, nll=nll, tokens=tokens, difference=abs(nll - a.nll))))
    if not ok:
        sys.exit(f"check_nll: {nll} over {tokens} tokens here, {a.nll} over {a.tokens} tokens by lora4j")


if __name__ == "__main__":
    main()
