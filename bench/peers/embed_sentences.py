"""Embeds texts with sentence-transformers and prints one JSON line, or writes the texts for another program.

The texts are those of a CSV file's column `text`, and after them pairs of two, all different.
"""
import argparse
import csv
import json
import time

arguments = argparse.ArgumentParser()
arguments.add_argument("--data", required=True)
arguments.add_argument("--texts", type=int, required=True)
arguments.add_argument("--model")
arguments.add_argument("--write")
arguments.add_argument("--threads", type=int, default=2)
a = arguments.parse_args()

with open(a.data, newline="", encoding="utf-8") as file:
    own = [row["text"] for row in csv.DictReader(file)]
texts = [own[i] if i < len(own) else own[i % len(own)] + " " + own[(i + i // len(own)) % len(own)]
         for i in range(a.texts)]
if a.write:
    with open(a.write, "w", encoding="utf-8") as out:
        out.writelines((text if a.write.endswith(".txt") else json.dumps({"text": text})) + "\n" for text in texts)
else:
    import torch
    from sentence_transformers import SentenceTransformer
    torch.set_num_threads(a.threads)
    model = SentenceTransformer(a.model, device="cpu")
    model.encode(texts[:64])
    start = time.perf_counter()
    model.encode(texts, batch_size=64)
    print(json.dumps({"seconds": time.perf_counter() - start}))
