"""Checks that transformers loads a directory converted from GGUF, and tokenizes and generates the same texts.

    python tools/check_converted.py directory computed.json

The second file contains lora4j's results: `texts`, each with its `ids`; `messages` with their `rendered` form; and
`prompt`, whose greedy continuation is `greedy`. Prints one line of JSON, and exits with 1 if anything differs.
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


def problems(folder, computed):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    for one in computed["texts"]:
        ids = tokenizer(one["text"])["input_ids"]
        if ids != one["ids"]:
            yield f"{one['text']!r}: {ids}, lora4j {one['ids']}"
    rendered = tokenizer.apply_chat_template(computed["messages"], tokenize=False, add_generation_prompt=True)
    if rendered != computed["rendered"]:
        yield f"the chat template: {rendered!r}, lora4j {computed['rendered']!r}"
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    prompt = torch.tensor([computed["prompt"]])
    text = model.generate(prompt, attention_mask=torch.ones_like(prompt), do_sample=False,
                          max_new_tokens=len(computed["greedy"]))[0, prompt.shape[1]:].tolist()
    if text != computed["greedy"]:
        yield f"greedy: {text}, lora4j {computed['greedy']}"


def main():
    arg = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arg.add_argument("directory", type=pathlib.Path)
    arg.add_argument("computed", type=pathlib.Path)
    a = arg.parse_args()
    torch.set_num_threads(1)
    wrong = list(problems(a.directory, json.loads(a.computed.read_text(encoding="utf-8"))))
    print(json.dumps(dict(ok=not wrong)))
    if wrong:
        sys.exit("check_converted: " + "\n  ".join(wrong))


if __name__ == "__main__":
    main()
