"""Converts a play to conversations with long turns: speakers alternate as user and assistant.

    python tools/dialogue_chats.py tinyshakespeare.txt chats.jsonl

The text has a line `SPEAKER:` before each speech and an empty line after it. Consecutive speeches become a
conversation of two, four or six turns, which is kept if it has 60 to 240 words, about 100 to 400 tokens including the
system message. The same text and seed give the same file. Standard library only.
"""
import argparse
import json
import pathlib
import random

arguments = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
arguments.add_argument("text", type=pathlib.Path)
arguments.add_argument("out", type=pathlib.Path)
arguments.add_argument("--seed", type=int, default=0)
arguments.add_argument("--words", type=int, nargs=2, default=(60, 240), metavar=("LEAST", "MOST"))


def speeches(text):
    """The speeches of a play."""
    for block in text.split("\n\n"):
        speaker, _, said = block.strip().partition("\n")
        if speaker.endswith(":") and said.strip():
            yield said.strip()


def conversations(said, draw, least, most):
    """Two, four or six consecutive speeches with a suitable total length."""
    at = 0
    while at + 2 <= len(said):
        turns = said[at:at + draw.choice((2, 4, 6))]
        if len(turns) % 2 == 0 and least <= sum(len(turn.split()) for turn in turns) <= most:
            yield [{"role": ("user", "assistant")[i % 2], "content": turn} for i, turn in enumerate(turns)]
        at += len(turns)


def main():
    a = arguments.parse_args()
    chats = list(conversations(list(speeches(a.text.read_text(encoding="utf-8"))), random.Random(a.seed), *a.words))
    if not chats:
        raise SystemExit(f"{a.text}: no conversation of {a.words[0]} to {a.words[1]} words found")
    with a.out.open("w", encoding="utf-8") as file:
        for chat in chats:
            file.write(json.dumps({"messages": chat}, ensure_ascii=False) + "\n")
    print(f"{len(chats)} conversations in {a.out}")


if __name__ == "__main__":
    main()
