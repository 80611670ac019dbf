#!/usr/bin/env python3
"""Writes and compares the digests of a golden run (see tools/golden).

    tools/golden_digest.py write WORK CHECKOUT HEAD > DIGESTS
    tools/golden_digest.py compare DIGESTS DIGESTS

A digest is the SHA-256 of a file's bytes. Values that change from run to run are removed first:

| where                                    | removed before hashing                                         |
| ---------------------------------------- | -------------------------------------------------------------- |
| --json, training.json, metrics.jsonl     | TIMES: times, rates, memory                                    |
| --json, origin.json                      | PROSE (has a text: digest of its own); the folders of a path   |
| origin.json                              | VERSIONS: lora4j, libtorch, Java, system                       |
| TensorBoard's events                     | wall clock, file names, TIMES; first values of repeated steps  |
| text (console, report.html, run.yaml, …) | progress, numbers, paths, drawings                             |
"""

import hashlib
import json
import re
import struct
import sys
from pathlib import Path

TIMES = {
    "seconds", "wall_seconds", "prefill_seconds", "nanos", "tokens_per_s", "tokens_per_second", "examples_per_s",
    "steps_per_s", "peak_rss_mb",
}  # fmt: skip
PROSE = {"what", "remedy", "notes", "warnings"}
VERSIONS = {"versions"}
JSON_FILES = {"training.json", "origin.json", "metrics.jsonl"}
TEXT_FILES = {"report.html", "README.md", "run.yaml", "CHANGELOG.md"}
TEXT_ENDS = (".stderr", ".console", ".png")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Digests:
    def __init__(self, work: Path, checkout: Path):
        self.places = [(str(path), name) for path, name in ((work, "WORK"), (checkout, "CHECKOUT"))]
        self.words = work / "words"
        self.found: dict[str, str] = {}

    def add(self, name: str, data: bytes) -> None:
        self.found[name] = sha256(data)

    def file(self, name: str, path: Path) -> None:
        if path.name.startswith("events.out.tfevents"):
            return
        if path.name in TEXT_FILES or path.name.endswith(TEXT_ENDS):
            self.text(name, path.read_bytes())
        elif path.name in JSON_FILES or name.endswith(".stdout.json"):
            self.json(name.replace(".stdout.json", ".json"), path.read_text())
        else:
            self.add(name, path.read_bytes())

    def json(self, name: str, text: str) -> None:
        prose: list = []
        try:
            values = [self.bare(json.loads(line), prose) for line in self.documents(text)]
        except ValueError:
            values = ["not JSON", text]
        self.add(name, json.dumps(values, sort_keys=True).encode())
        if prose:
            self.text(name, json.dumps(prose, ensure_ascii=False).encode())

    @staticmethod
    def documents(text: str) -> list[str]:
        """The text as one JSON document, or as one document a line."""
        try:
            json.loads(text)
            return [text]
        except ValueError:
            return text.splitlines()

    def bare(self, value, prose: list):
        if isinstance(value, dict):
            kept = {}
            for key, inner in value.items():
                if key in PROSE:
                    prose.append(inner)
                    kept[key] = bool(inner)
                elif key not in TIMES | VERSIONS:
                    kept[key] = self.bare(inner, prose)
            return kept
        if isinstance(value, list):
            return [self.bare(inner, prose) for inner in value]
        if isinstance(value, str) and any(value.startswith(place) for place, _ in self.places):
            return Path(value).name
        return value

    def text(self, name: str, data: bytes) -> None:
        """Adds a text for people: words only, without numbers and drawings."""
        if name.endswith(".png"):
            return self.found.update({f"text:{name}": sha256(data)})
        text = data.decode(errors="replace")
        for place, instead in self.places:
            text = text.replace(place, instead)
        text = re.sub(r"<svg.*?</svg>|data:image/[^\"')]*", "", text, flags=re.S)
        lines = [line for line in text.splitlines() if not re.search(r": +(\d+ %, |[\d,.]+ \w+ in )", line)]
        text = re.sub(r"[-−]?\d[\d,.]*([eE][-+]?\d+)?", "#", "\n".join(lines))
        text = re.sub(r"(# h )?(# m )?# (ms|s)\b", "# s", text)
        self.found[f"text:{name}"] = sha256(text.encode())
        path = self.words / name  # to be compared with diff
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def events(self, name: str, folder: Path) -> None:
        """Adds the scalars of a folder's event files: tag, step and the value's bits."""
        scalars: dict[tuple[str, int], str] = {}
        for path in sorted(folder.glob("events.out.tfevents*")):
            for event in records(path.read_bytes()):
                fields = protobuf(event)
                step = fields.get(2, [0])[0]
                for summary in fields.get(5, []):
                    for value in protobuf(summary).get(1, []):
                        inner = protobuf(value)
                        tag = inner[1][0].decode()
                        if tag.split("/")[-1] not in TIMES:
                            scalars[tag, step] = inner[2][0].hex() if 2 in inner else sha256(value)
        self.add(name, json.dumps(sorted([*key, value] for key, value in scalars.items())).encode())


def records(data: bytes):
    at = 0
    while at + 12 <= len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        yield data[at + 12 : at + 12 + length]
        at += length + 16


def protobuf(data: bytes) -> dict[int, list]:
    fields: dict[int, list] = {}
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        kind = key & 7
        if kind == 0:
            fields.setdefault(key >> 3, []).append(varint())
            continue
        length = {1: 8, 5: 4}.get(kind)
        if length is None:
            length = varint()
        fields.setdefault(key >> 3, []).append(data[at : at + length])
        at += length
    return fields


def write(work: Path, checkout: Path, head: Path) -> int:
    digests = Digests(work, checkout)
    for root in (work / "made", work / "said"):
        for path in sorted(root.rglob("*")):
            if path.is_file():
                digests.file(str(path.relative_to(root)), path)
        for folder in sorted(root.rglob("tensorboard")):
            digests.events(f"{folder.relative_to(root)}/events", folder)
    sys.stdout.write(head.read_text())
    print(f"# {len(digests.found)} digests")
    for name, digest in sorted(digests.found.items()):
        print(name, digest)
    return 0


def read(path: str) -> tuple[dict[str, str], str]:
    lines = Path(path).read_text().splitlines()
    found = dict(line.rsplit(" ", 1) for line in lines if line and not line.startswith("#"))
    return found, "\n".join(line for line in lines if line.startswith("#"))


def compare(first: str, second: str) -> int:
    (a, head_a), (b, head_b) = read(first), read(second)
    for kind in ("# processor: ", "# data: "):
        one, other = ([line for line in head.splitlines() if line.startswith(kind)] for head in (head_a, head_b))
        if one != other:
            print(f"note: {first}: {one}, {second}: {other}")
    if "# data: none" in head_a.splitlines() + head_b.splitlines():
        a, b = ({k: v for k, v in side.items() if "demo-cifar10" not in k} for side in (a, b))
    fatal = texts = 0
    for name in sorted(a.keys() | b.keys()):
        if a.get(name) == b.get(name):
            continue
        missing = f"only in {first if name in a else second}" if (name in a) != (name in b) else "differs"
        if name.startswith("text:"):
            texts += 1
            print(f"text   {name[5:]}: {missing}")
        else:
            fatal += 1
            print(f"FATAL  {name}: {missing}")
    print(f"{len(a.keys() | b.keys())} digests: {fatal} differ, and {texts} of texts for people")
    return 1 if fatal else 0


if __name__ == "__main__":
    action, *rest = sys.argv[1:]
    if action == "write":
        sys.exit(write(*map(Path, rest)))
    sys.exit(compare(*rest))
