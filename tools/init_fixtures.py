"""Initial weights of PyTorch after torch.manual_seed(0); lora4j draws the same after Engine.seed(0).

Keys: state.<parameter>; for the ConvNet, the first eight elements of each parameter in drawing order.
"""
from fixture_io import ROOT, differs, finish, load, prefixed, save

import torch

from layer_fixtures import build, conv, describe
from networks import ConvNet

CORE = ROOT / "core/src/test/resources/fixtures/init"
MODELS = ROOT / "llm/src/test/resources/fixtures/init"
FIRST = 8

LAYERS = dict(
    linear=describe("Linear", in_features=20, out_features=15, bias=True),
    linear_no_bias=describe("Linear", in_features=7, out_features=3, bias=False),
    conv1d=conv(1), conv2d=conv(2, groups=2), conv3d=conv(3, bias=False),
    embedding=describe("Embedding", num_embeddings=20, embedding_dim=10),  # drawn in blocks of 16
    embedding_small=describe("Embedding", num_embeddings=3, embedding_dim=4),  # drawn one by one
)


def draw(make):
    torch.manual_seed(0)
    return prefixed("state.", make().state_dict())


def convnet():
    return {name: tensor.flatten()[:FIRST] for name, tensor in draw(ConvNet).items()}


if __name__ == "__main__":
    wrong = []
    for name, layer in LAYERS.items():
        save(CORE / f"{name}.safetensors", draw(lambda: build(layer)), dict(layer=layer))
        for key, value in load(CORE / f"{name}.safetensors")[0].items():
            wrong += differs(f"{name} {key}", value, draw(lambda: build(layer))[key], 0)
    save(MODELS / "convnet.safetensors", convnet(), {})
    print(f"{MODELS.relative_to(ROOT)}: convnet.safetensors")
    finish(CORE, wrong)
