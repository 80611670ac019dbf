#!/usr/bin/env python3
"""Writes the inputs of tools/golden: models, texts, tables and pictures, byte for byte the same on every machine.

    tools/golden_inputs.py REPOSITORY FOLDER [CIFAR10_ZIP]

Weights come from Python's Mersenne Twister by exact arithmetic; pictures are uncompressed PNG. Tokenizers, the chat
template, TorchScript and GGUF files and small models with PEFT's adapters are copied from REPOSITORY's fixtures.
"""

import csv
import json
import random
import shutil
import struct
import sys
import zipfile
import zlib
from pathlib import Path

# Modules whose test resources may hold a fixture. The redesign splits `models` into llm, torchscript and vision.
FIXTURES = ("models", "llm", "torchscript", "vision", "core", "tables", "serve")


def fixture(repository: Path, name: str) -> Path:
    for module in FIXTURES:
        path = repository / module / "src/test/resources/fixtures" / name
        if path.exists():
            return path
    sys.exit(f"golden: no fixture {name} below {repository}: looked in {', '.join(FIXTURES)}")


def copy(repository: Path, name: str, to: Path) -> None:
    source = fixture(repository, name)
    to.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, to)
    else:
        shutil.copyfile(source, to)


# Models


def save_safetensors(path: Path, shapes: dict[str, list[int]], seed: int, scale: int) -> None:
    draw = random.Random(seed)
    header, data, end = {"__metadata__": {"format": "pt"}}, bytearray(), 0
    for name, shape in shapes.items():
        count = 1
        for size in shape:
            count *= size
        near = 1.0 if "norm" in name or "ln_" in name and name.endswith("weight") else 0.0
        # Multiples of 1/scale, a power of two: exact in single precision.
        numbers = [near + (draw.getrandbits(11) - 1024) / scale for _ in range(count)]
        data += struct.pack(f"<{count}f", *numbers)
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + 4 * count]}
        end += 4 * count
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def llama(hidden: int, inner: int, words: int, layers: int = 2, heads: int = 4, groups: int = 2):
    part = hidden // heads
    shapes = {"model.embed_tokens.weight": [words, hidden]}
    for i in range(layers):
        at = f"model.layers.{i}"
        shapes |= {
            f"{at}.input_layernorm.weight": [hidden],
            f"{at}.self_attn.q_proj.weight": [heads * part, hidden],
            f"{at}.self_attn.k_proj.weight": [groups * part, hidden],
            f"{at}.self_attn.v_proj.weight": [groups * part, hidden],
            f"{at}.self_attn.o_proj.weight": [hidden, heads * part],
            f"{at}.post_attention_layernorm.weight": [hidden],
            f"{at}.mlp.gate_proj.weight": [inner, hidden],
            f"{at}.mlp.up_proj.weight": [inner, hidden],
            f"{at}.mlp.down_proj.weight": [hidden, inner],
        }
    shapes["model.norm.weight"] = [hidden]
    config = {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
        "attention_bias": False, "mlp_bias": False, "hidden_size": hidden, "intermediate_size": inner,
        "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": groups,
        "max_position_embeddings": 512, "rms_norm_eps": 1e-05, "rope_theta": 10000.0,
        "tie_word_embeddings": True, "vocab_size": words, "bos_token_id": 1, "eos_token_id": 2,
        "torch_dtype": "float32",
    }  # fmt: skip
    return config, shapes


def gpt2(hidden: int, words: int, layers: int = 2, heads: int = 4):
    shapes = {"wte.weight": [words, hidden], "wpe.weight": [256, hidden]}
    for i in range(layers):
        for name, shape in {
            "ln_1.weight": [hidden], "ln_1.bias": [hidden],
            "attn.c_attn.weight": [hidden, 3 * hidden], "attn.c_attn.bias": [3 * hidden],
            "attn.c_proj.weight": [hidden, hidden], "attn.c_proj.bias": [hidden],
            "ln_2.weight": [hidden], "ln_2.bias": [hidden],
            "mlp.c_fc.weight": [hidden, 4 * hidden], "mlp.c_fc.bias": [4 * hidden],
            "mlp.c_proj.weight": [4 * hidden, hidden], "mlp.c_proj.bias": [hidden],
        }.items():  # fmt: skip
            shapes[f"h.{i}.{name}"] = shape
    shapes |= {"ln_f.weight": [hidden], "ln_f.bias": [hidden]}
    config = {
        "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "activation_function": "gelu_new",
        "n_embd": hidden, "n_layer": layers, "n_head": heads, "n_positions": 256, "n_ctx": 256,
        "layer_norm_epsilon": 1e-05, "vocab_size": words, "bos_token_id": 0, "eos_token_id": 0,
        "attn_pdrop": 0.1, "embd_pdrop": 0.1, "resid_pdrop": 0.1, "torch_dtype": "float32",
    }  # fmt: skip
    return config, shapes


def save_model(repository: Path, folder: Path, network, tokenizer: str, template: str | None, scale: int) -> None:
    config, shapes = network
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    save_safetensors(folder / "model.safetensors", shapes, 1, scale)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        copy(repository, f"text/{tokenizer}/{name}", folder / name)
    if template:
        copy(repository, f"text/chat/{template}.jinja", folder / "chat_template.jinja")


# Texts

PLACES = ["Alimentum", "The Mill", "Blue Spice", "Clowns", "Giraffe", "Zizzi", "The Punter", "Cotto"]
FOODS = ["French", "Indian", "Italian", "Chinese", "English"]
AREAS = ["riverside", "city centre"]


def restaurants(count: int, seed: int) -> list[dict[str, str]]:
    """Returns pairs, some with the same prompt, so that a batch has shared prefixes."""
    draw = random.Random(seed)
    rows = []
    while len(rows) < count:
        place, food, area = draw.choice(PLACES), draw.choice(FOODS), draw.choice(AREAS)
        answers = [f"{place} serves {food} food in the {area}.", f"In the {area} you find {place}: {food} food."]
        for answer in answers[: draw.randint(1, 2)]:
            rows.append({"prompt": f"name : {place} | food : {food} | area : {area}", "completion": answer})
    return rows[:count]


def save_lines(path: Path, rows: list) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def save_texts(folder: Path) -> None:
    folder.mkdir(parents=True)
    rows = restaurants(64, 1)
    save_lines(folder / "pairs.jsonl", rows[:48])
    save_lines(folder / "held-out.jsonl", rows[48:])
    chats = []
    for first, second in zip(rows[:24], rows[24:48]):
        turns = [("user", first["prompt"]), ("assistant", first["completion"])]
        turns += [("user", second["prompt"]), ("assistant", second["completion"])]
        chats.append({"messages": [{"role": role, "content": text} for role, text in turns]})
    save_lines(folder / "chats.jsonl", chats)
    save_lines(
        folder / "preferences.jsonl",
        [
            {"prompt": a["prompt"], "chosen": a["completion"], "rejected": b["completion"]}
            for a, b in zip(rows[:32], rows[1:33])
            if a["completion"] != b["completion"]
        ],
    )
    (folder / "plain.txt").write_text("\n".join(row["completion"] for row in rows) + "\n")
    with open(folder / "pairs.csv", "w", newline="") as file:
        table = csv.DictWriter(file, ["prompt", "completion"], lineterminator="\n")
        table.writeheader()
        table.writerows(rows[:16])


# Tables and pictures


def save_tables(folder: Path, columns: int) -> None:
    folder.mkdir(parents=True)
    draw = random.Random(4)
    for part, count in (("train", 48), ("test", 16)):
        with open(folder / f"{part}.csv", "w", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow([*(f"x{i}" for i in range(columns)), "label"])
            for _ in range(count):
                row = [draw.randint(-512, 512) / 256 for _ in range(columns)]
                table.writerow([*row, row[0] - row[1] / 2])


def png(pixels: list[list[tuple[int, int, int]]]) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(value for pixel in row for value in pixel) for row in pixels)
    size = struct.pack(">IIBBBBB", len(pixels[0]), len(pixels), 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")


def shape(kind: str, draw: random.Random) -> bytes:
    x0, y0, radius = draw.randint(10, 21), draw.randint(10, 21), draw.randint(5, 9)
    ink = [draw.randint(128, 255) for _ in range(3)]

    def inside(x: int, y: int) -> bool:
        dx, dy = abs(x - x0), abs(y - y0)
        return {
            "bar": dx <= radius and dy <= 2,
            "cross": (dx <= 1 or dy <= 1) and max(dx, dy) <= radius,
            "disc": dx * dx + dy * dy <= radius * radius,
            "square": max(dx, dy) <= radius,
        }[kind]

    def pixel(x: int, y: int) -> tuple[int, int, int]:
        noise = draw.randint(0, 63)
        return tuple((value if inside(x, y) else 0) * 3 // 4 + noise for value in ink)

    return png([[pixel(x, y) for x in range(32)] for y in range(32)])


def save_pictures(folder: Path, train: int, test: int) -> None:
    draw = random.Random(5)
    for part, count in (("train", train), ("test", test)):
        for kind in ("bar", "cross", "disc", "square"):
            (folder / part / kind).mkdir(parents=True)
            for i in range(count):
                (folder / part / kind / f"{i:03}.png").write_bytes(shape(kind, draw))


def save_archived(archive: Path, folder: Path, train: int, test: int) -> None:
    """Extracts the first images of each class from a zip of {train,test}/{class}/*.jpg."""
    with zipfile.ZipFile(archive) as images:
        taken: dict[str, int] = {}
        for name in sorted(images.namelist()):
            part, _, file = name.partition("/")
            kind = f"{part}/{file.partition('/')[0]}"
            if not name.endswith(".jpg") or taken.get(kind, 0) == {"train": train, "test": test}.get(part, 0):
                continue
            taken[kind] = taken.get(kind, 0) + 1
            images.extract(name, folder)


def main() -> None:
    repository, folder = Path(sys.argv[1]), Path(sys.argv[2])
    save_model(repository, folder / "tiny", llama(64, 96, 600), "smollm2", "smollm2", 4096)
    save_model(repository, folder / "tiny-gpt2", gpt2(32, 600), "gpt2", None, 4096)
    # Large enough for the products that threads share and for a vocabulary in chunks, which tiny models never reach.
    save_model(repository, folder / "small", llama(256, 640, 1200), "smollm2", "smollm2", 16384)
    save_texts(folder / "texts")
    save_tables(folder / "numbers", 4)
    save_pictures(folder / "pictures", 16, 8)
    for name in ("qwen2", "qwen3", "mistral"):
        copy(repository, f"llm/{name}", folder / name)
    copy(repository, "gguf/llama3.gguf", folder / "llama3.gguf")
    copy(repository, "pickled/llama2", folder / "pickled")
    for name in ("convnet.scripted.pt", "resnet.traced.pt", "regressor.scripted.pt"):
        copy(repository, f"script/{name}", folder / name)
    copy(repository, "mlx/lora", folder / "mlx-adapter")
    if len(sys.argv) > 3:
        save_archived(Path(sys.argv[3]), folder / "cifar10", 40, 20)


if __name__ == "__main__":
    main()
