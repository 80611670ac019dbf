"""Trains a classifier on texts with transformers' Trainer and PEFT, and prints one JSON line.

Rank 8 on all linear layers, alpha 16, BERT's pooler trained whole beside the head as lora4j does, dynamic padding to the
longest text of a batch, AdamW, linear schedule without warm-up, no checkpoints. Batches have texts of similar lengths, in random order: `group_by_length` of transformers takes
the batches of so few texts from the longest to the shortest. Examples per second count training steps only.
"""
import argparse
import csv
import json
import random
import resource
import time

import torch
from datasets import Dataset
from peft import LoraConfig, get_peft_model
from transformers import (AutoModelForSequenceClassification, AutoTokenizer, DataCollatorWithPadding, Trainer,
                          TrainerCallback, TrainingArguments)

arguments = argparse.ArgumentParser()
for name in ("model", "data", "valid"):
    arguments.add_argument("--" + name, required=True)
for name, value in dict(epochs=3, batch=16, rank=8, threads=2, max_tokens=512).items():
    arguments.add_argument("--" + name.replace("_", "-"), type=int, default=value)
arguments.add_argument("--lr", type=float, default=1e-3)
a = arguments.parse_args()
torch.set_num_threads(a.threads)


class Clock(TrainerCallback):
    """Adds up the time of the steps."""

    def __init__(self):
        self.seconds, self.begin = 0.0, 0.0

    def on_step_begin(self, args, state, control, **kwargs):
        self.begin = time.perf_counter()

    def on_step_end(self, args, state, control, **kwargs):
        self.seconds += time.perf_counter() - self.begin


class LengthGroups(torch.utils.data.Sampler):
    """Batches of similar lengths, in random order."""

    def __init__(self, lengths, batch):
        self.lengths, self.batch = lengths, batch

    def __len__(self):
        return len(self.lengths)

    def __iter__(self):
        order = random.sample(range(len(self)), len(self))
        order.sort(key=self.lengths.__getitem__)
        batches = [order[i:i + self.batch] for i in range(0, len(order), self.batch)]
        partial = batches.pop() if len(batches[-1]) < self.batch else []  # the loader cuts batches at their size
        random.shuffle(batches)
        return iter(sum(batches, []) + partial)


class GroupingTrainer(Trainer):
    def _get_train_sampler(self, dataset=None):
        return LengthGroups([len(ids) for ids in self.train_dataset["input_ids"]], a.batch)


def rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


train, valid = rows(a.data), rows(a.valid)
labels = sorted({row["label"] for row in train})
tokenizer = AutoTokenizer.from_pretrained(a.model)


def encoded(of):
    return Dataset.from_list([
        dict(tokenizer(row["text"], truncation=True, max_length=a.max_tokens), labels=labels.index(row["label"]))
        for row in of])


base = AutoModelForSequenceClassification.from_pretrained(a.model, num_labels=len(labels))
peft = get_peft_model(base, LoraConfig(
    r=a.rank, lora_alpha=2 * a.rank, target_modules="all-linear", exclude_modules=["pooler.dense"],
    modules_to_save=["pooler"], task_type="SEQ_CLS"))
clock = Clock()
trainer = GroupingTrainer(
    model=peft, train_dataset=encoded(train), eval_dataset=encoded(valid), callbacks=[clock],
    data_collator=DataCollatorWithPadding(tokenizer),
    compute_metrics=lambda p: {"accuracy": float((p.predictions.argmax(1) == p.label_ids).mean())},
    args=TrainingArguments(
        output_dir="/tmp/lora-bench-trainer", num_train_epochs=a.epochs, per_device_train_batch_size=a.batch,
        per_device_eval_batch_size=64, learning_rate=a.lr, weight_decay=0.0, save_strategy="no", report_to="none",
        logging_steps=10_000, use_cpu=True, disable_tqdm=True))
trainer.train()
result = trainer.evaluate()
print(json.dumps(dict(
    examples_per_s=len(train) * a.epochs / clock.seconds, valid_loss_after=result["eval_loss"],
    accuracy=result["eval_accuracy"],
    trained_parameters=sum(p.numel() for p in peft.parameters() if p.requires_grad),
    peak_rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)))
