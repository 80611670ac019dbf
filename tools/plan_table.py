"""Prints the table of docs/quantised.md that `lora plan` computes: the memory to train and to generate, by model and store.

    python tools/plan_table.py [LORA]

LORA is the launcher, ./lora by default. The sizes of the models are those of their published config.json.
"""
import json
import pathlib
import subprocess
import sys
import tempfile

KEYS = ["vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
        "num_key_value_heads", "head_dim", "tie_word_embeddings"]
MODELS = {
    "SmolLM2-135M": ("llama", 49152, 576, 1536, 30, 9, 3, 64, True),
    "Qwen2.5-0.5B": ("qwen2", 151936, 896, 4864, 24, 14, 2, 64, True),
    "TinyLlama-1.1B": ("llama", 32000, 2048, 5632, 22, 32, 4, 64, False),
    "SmolLM2-1.7B": ("llama", 49152, 2048, 8192, 24, 32, 32, 64, True),
    "Llama-3.2-3B": ("llama", 128256, 3072, 8192, 28, 24, 8, 128, True),
    "Llama-3.1-8B": ("llama", 128256, 4096, 14336, 32, 32, 8, 128, False),
    "Qwen2.5-14B": ("qwen2", 152064, 5120, 13824, 48, 40, 8, 128, False),
    "Qwen2.5-32B": ("qwen2", 152064, 5120, 27648, 64, 40, 8, 128, False),
    "Llama-3.1-70B": ("llama", 128256, 8192, 28672, 80, 64, 8, 128, False),
}
STORES = {"float32": "float32", "16 bits": "bf16", "int8": "int8", "NF4": "nf4", "NF4, double": "nf4-double",
          "Q8_0": "q8_0", "Q4_0": "q4_0", "Q4_K_M file": "q4_k_m.gguf"}
RUN = ["--rank", "8", "--batch-size", "1", "--max-seq-length", "512", "--gradient-checkpointing", "--workers", "2",
       "--context-length", "2048", "--memory", "1TB", "--quantize", "int8", "--json"]


def plan(launcher, config):
    run = subprocess.run([*launcher, "plan", config, *RUN], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


def gigabytes(count):
    return f"{count / 1e9:.1f}" if count < 99.95e9 else f"{count / 1e9:.0f}"


def row(launcher, name, shape, folder):
    config = folder / "config.json"
    config.write_text(json.dumps(dict(model_type=shape[0], torch_dtype="bfloat16", max_position_embeddings=8192,
                                      **dict(zip(KEYS, shape[1:])))))
    planned = plan(launcher, config)
    memory = planned["memory"]
    bases, others = memory["base_bytes"], [memory[use]["total"] - memory[use]["base"] for use in ("training", "generation")]
    cells = [" / ".join(gigabytes(bases[store] + other) for other in others) if store in bases else "–"
             for store in STORES.values()]
    return [f"{name} ({planned['base_parameters'] / 1e9:.2f} B)", *cells]


def main():
    launcher = sys.argv[1:] or ["./lora"]
    rows = [["model", *STORES], ["---"] * (len(STORES) + 1)]
    with tempfile.TemporaryDirectory() as folder:
        for name, shape in MODELS.items():
            rows.append(row(launcher, name, shape, pathlib.Path(folder)))
    for cells in rows:
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
