"""PEFT's side of `bench/run layers`: seconds per operation, as JSON on the last line."""

import json
import resource
import time

import torch
from peft import LoraConfig, get_peft_model

SIZE = 1024
LAYERS = 100


class Mlp(torch.nn.Module):
    def __init__(self, layers=2):
        super().__init__()
        for i in range(layers):
            setattr(self, f"fc{i}", torch.nn.Linear(SIZE, SIZE))

    def forward(self, x):
        for layer in self.children():
            x = torch.relu(layer(x))
        return x


def adapted(layers=2, **options):
    return get_peft_model(Mlp(layers), config(layers, **options))


def config(layers=2, **options):
    targets = [f"fc{i}" for i in range(layers)]
    return LoraConfig(r=8, lora_alpha=16, target_modules=targets, **options)


def best(work, seconds=1.5):
    """The shortest of many runs."""
    for _ in range(3):
        work()
    times = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def step(model, rows):
    """Forward, backward, SGD."""
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(trained, lr=1e-6)
    x = torch.randn(rows, SIZE)

    def work():
        optimizer.zero_grad()
        model(x).sum().backward()
        optimizer.step()

    return best(work)


def mixed(rows):
    model = adapted()
    names = [f"a{i}" for i in range(8)]
    for name in names:
        model.add_adapter(name, config())
    model.eval()
    x = torch.randn(rows, SIZE)
    of_rows = [names[i % 8] for i in range(rows)]
    with torch.no_grad():
        model.set_adapter("a0")
        single = best(lambda: model(x))
        return single, best(lambda: model(x, adapter_names=of_rows))


def merging(finish):
    times = []
    for _ in range(3):
        model = adapted(LAYERS)
        start = time.perf_counter()
        finish(model)
        times.append(time.perf_counter() - start)
    return min(times)


def switching():
    model = adapted()
    model.add_adapter("other", config())
    start = time.perf_counter()
    for i in range(1000):
        model.set_adapter("other" if i % 2 else "default")
    return (time.perf_counter() - start) / 1000


report = {}
for rows in (1, 16, 256):
    report[f"lora_{rows}"] = step(adapted(), rows)
    report[f"dora_{rows}"] = step(adapted(use_dora=True), rows)
for rows in (8, 64):
    report[f"single_{rows}"], report[f"mixed_{rows}"] = mixed(rows)
report["merge"] = merging(lambda model: model.merge_adapter())
report["merge_and_unload"] = merging(lambda model: model.merge_and_unload())
report["switch"] = switching()
report["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(report))
