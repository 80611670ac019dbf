#!/usr/bin/env python3
"""Compares the base training of `lora demo` with PyTorch: the same initial weights, order and pixels in both.

    python tools/demo_parity.py --data ../shared/data/cifar10-jpeg.zip --seeds 0,1,2 --steps 5,50,500
    python tools/demo_parity.py --data ../shared/data/cifar10-jpeg.zip --seeds 0,1,2 --accuracy

Initial weights come from torch.manual_seed(seed), which draws what `lora demo --seed` draws; the order of the
examples from lora4j's shuffle, reimplemented here. After N steps on a part of the images (as PNG, so that both
sides have the same pixels, unless --jpeg) the largest difference of any weight is printed. --accuracy trains on all images with
the demo's settings: lora4j, PyTorch in lora4j's order, and PyTorch in its own order; with --images, PyTorch alone on
a part of them, for many seeds in little time. Needs torch, safetensors and pillow.
"""
import argparse, io, json, pathlib, subprocess, tempfile, zipfile

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file
from torch import nn

MASK = (1 << 64) - 1
BATCH = 4


class ConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2, self.conv3 = nn.Conv2d(3, 6, 5), nn.Conv2d(6, 16, 5), nn.Conv2d(16, 32, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv2(self.pool(F.relu(self.conv1(x))))))
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(torch.flatten(x, 1))))))


def shuffled(size, seed, epoch):
    """dev.lora4j.train.Shuffle: an inside-out Fisher-Yates shuffle by java.util.SplittableRandom."""
    state = (seed * 1_000_003 + epoch) & MASK

    def next_int():
        nonlocal state
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = ((state ^ (state >> 33)) * 0x62A9D9ED799705F5) & MASK
        return (((z ^ (z >> 28)) * 0xCB24D0A5C88C35B3) & MASK) >> 32

    def below(bound):
        if bound & (bound - 1) == 0:
            return next_int() & (bound - 1)
        while True:
            u = next_int() >> 1
            r = u % bound
            if u + bound - 1 - r < 1 << 31:
                return r

    order = [0] * size
    for i in range(size):
        j = below(i + 1)
        order[i], order[j] = order[j], i
    return order


def names(archive, split):
    return sorted(e for e in archive.namelist() if e.startswith(f"{split}/") and e.endswith((".jpg", ".png")))


def load(archive, entries):
    classes = sorted({e.split("/")[1] for e in entries})
    pixels = np.stack([np.asarray(Image.open(io.BytesIO(archive.read(e)))).transpose(2, 0, 1) for e in entries])
    images = torch.tensor(pixels).float().div_(127.5).sub_(1)
    return images, torch.tensor([classes.index(e.split("/")[1]) for e in entries])


def train(images, labels, seed, epochs, order):
    torch.manual_seed(seed)
    net = ConvNet()
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3, momentum=0.9)
    for epoch in range(1, epochs + 1):
        picks = torch.tensor(order(len(images), seed, epoch))
        for pick in picks.split(BATCH):
            optimizer.zero_grad()
            F.cross_entropy(net(images[pick]), labels[pick]).backward()
            optimizer.step()
    return net


def ours(args, data, seed, epochs, out):
    command = [*args.lora.split(), "demo", "--data", str(data), "--out", str(out), "--seed", str(seed), "--json",
               "--epochs", str(epochs), "--lora-epochs", "1", "--workers", str(args.workers)]
    result = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)
    return load_file(out / "base.safetensors"), result


def compare_steps(args, archive, scratch):
    entries, tests = names(archive, "train"), names(archive, "test")
    for steps in (int(s) for s in args.steps.split(",")):
        count = BATCH * steps
        part = entries[:: len(entries) // count][:count]
        tested = tests[:: len(tests) // 20][:20]
        folder = scratch / str(steps)
        for entry in part + tested:
            file = folder / entry if args.jpeg else (folder / entry).with_suffix(".png")
            file.parent.mkdir(parents=True, exist_ok=True)
            if args.jpeg:
                file.write_bytes(archive.read(entry))
            else:
                Image.open(io.BytesIO(archive.read(entry))).save(file)
        images, labels = load(archive, part)
        for seed in (int(s) for s in args.seeds.split(",")):
            weights, _ = ours(args, folder, seed, 1, scratch / f"out-{steps}-{seed}")
            theirs = train(images, labels, seed, 1, shuffled).state_dict()
            torch.manual_seed(seed)
            start = ConvNet().state_dict()
            off = max((weights[n] - theirs[n]).abs().max().item() for n in theirs)
            moved = max((start[n] - theirs[n]).abs().max().item() for n in theirs)
            print(f"seed {seed}, {steps} steps: weights differ by at most {off:.2e}; training moved them by {moved:.2e}",
                  flush=True)


def compare_accuracy(args, archive, scratch):
    entries = names(archive, "train")
    images, labels = load(archive, entries[:: len(entries) // args.images if args.images else 1])
    test_images, test_labels = load(archive, names(archive, "test"))

    def accuracy(net):
        with torch.no_grad():
            guess = torch.cat([net(x).argmax(1) for x in test_images.split(1000)])
        return (guess == test_labels).float().mean().item()

    def own_order(size, seed, epoch):
        return torch.randperm(size).tolist()

    rows = []
    for seed in (int(s) for s in args.seeds.split(",")):
        row = {}
        if not args.images:
            row["lora4j"] = ours(args, args.data, seed, 2, scratch / str(seed))[1]["before"]["all"]
        row["torch, order of lora4j"] = accuracy(train(images, labels, seed, 2, shuffled))
        row["torch, own order"] = accuracy(train(images, labels, seed, 2, own_order))
        rows.append(row)
        print(seed, json.dumps(row), flush=True)
    for name in rows[0]:
        figures = np.array([row[name] for row in rows])
        error = figures.std(ddof=1) / len(rows) ** 0.5 if len(rows) > 1 else float("nan")
        print(f"{name}: {100 * figures.mean():.2f} % ± {100 * error:.2f} (standard error of {len(rows)} seeds)")


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--data", required=True, help="zip archive of {train,test}/{class}/*.jpg")
parser.add_argument("--lora", default="./lora", help="the command line")
parser.add_argument("--seeds", default="0")
parser.add_argument("--steps", default="5,50,500")
parser.add_argument("--workers", type=int, default=1)
parser.add_argument("--jpeg", action="store_true", help="keep the JPEG files, which each side decodes itself")
parser.add_argument("--accuracy", action="store_true")
parser.add_argument("--images", type=int, default=0, help="--accuracy: PyTorch alone, on about this many images")
arguments = parser.parse_args()
torch.set_num_threads(1)
with zipfile.ZipFile(arguments.data) as data, tempfile.TemporaryDirectory() as directory:
    (compare_accuracy if arguments.accuracy else compare_steps)(arguments, data, pathlib.Path(directory))
