"""One fixture per layer of lora4j's nn: state, input, PyTorch's output and gradients.

Keys: state.<parameter>, input, output, grad_output, grad.input (where the input is floating), grad.<parameter>.
Metadata `layer`: the constructor's arguments as JSON.
"""
import json

from fixture_io import ROOT, differs, finish, load, prefixed, save, seed

import torch
from torch import nn

FOLDER = ROOT / "core/src/test/resources/fixtures/layers"
TOLERANCE = 2e-6  # not 0: the address of a tensor determines how a sum is vectorised


def describe(kind, **arguments):
    return dict(type=kind, **arguments)


def build(layer):
    arguments = {k: v for k, v in layer.items() if k not in ("type", "layers")}
    if layer["type"] == "Sequential":
        return nn.Sequential(*[build(child) for child in layer["layers"]])
    for key, value in arguments.items():
        if isinstance(value, list):
            arguments[key] = tuple(value)
    return getattr(nn, layer["type"])(**arguments)


def conv(dimensions, groups=1, bias=True, **arguments):
    """Writes out all defaults, so that a reader needs none."""
    full = dict(in_channels=4, out_channels=6, kernel_size=[3] * dimensions, stride=[1] * dimensions,
                padding=[0] * dimensions, dilation=[1] * dimensions)
    for key, value in arguments.items():
        full[key] = value if isinstance(value, list) or "channels" in key else [value] * dimensions
    return describe(f"Conv{dimensions}d", **full, groups=groups, bias=bias)


def pool(kernel, stride=None, padding=0):
    pair = lambda x: x if isinstance(x, list) else [x, x]
    return describe("MaxPool2d", kernel_size=pair(kernel), stride=pair(kernel if stride is None else stride),
                    padding=pair(padding))


def cases():
    """Maps name -> (layer, input shape); for an Embedding the input is a tensor of indices."""
    linear = lambda i, o, bias=True: describe("Linear", in_features=i, out_features=o, bias=bias)
    yield "linear", linear(5, 7), [3, 5]
    yield "linear_no_bias", linear(5, 7, False), [3, 5]
    yield "linear_three_dimensions", linear(5, 7), [2, 3, 5]
    yield "linear_one_dimension", linear(5, 7), [5]
    yield "linear_one_feature", linear(1, 1), [4, 1]
    image = {1: [2, 4, 11], 2: [2, 4, 9, 7], 3: [2, 4, 5, 6, 7]}
    uneven = {1: [2], 2: [2, 1], 3: [2, 1, 3]}
    for d in (1, 2, 3):
        name = f"conv{d}d"
        yield name, conv(d), image[d]
        yield f"{name}_no_bias", conv(d, bias=False), image[d]
        yield f"{name}_stride", conv(d, stride=2), image[d]
        yield f"{name}_padding", conv(d, padding=1), image[d]
        yield f"{name}_dilation", conv(d, dilation=2), image[d]
        yield f"{name}_groups", conv(d, groups=2), image[d]
        yield f"{name}_depthwise", conv(d, in_channels=4, out_channels=8, groups=4, bias=False), image[d]
        yield f"{name}_kernel_1", conv(d, kernel_size=1), image[d]
        yield (f"{name}_all", conv(d, groups=2, kernel_size=[3, 2, 1][:d], stride=uneven[d], padding=[1, 2, 1][:d],
                                   dilation=[2, 1, 2][:d]), image[d])
    yield "conv2d_as_in_convnet", conv(2, in_channels=3, kernel_size=5), [2, 3, 12, 12]
    embedding = lambda **extra: describe("Embedding", num_embeddings=10, embedding_dim=4, **extra)
    indices = [[1, 2, 4, 5], [4, 3, 2, 9], [0, 0, 3, 1]]
    yield "embedding", embedding(), torch.tensor(indices)
    yield "embedding_padding_idx", embedding(padding_idx=0), torch.tensor(indices)
    yield "embedding_one_dimension", embedding(padding_idx=3), torch.tensor(indices[2])
    picture = [2, 3, 8, 9]
    yield "max_pool2d", pool(2), picture
    yield "max_pool2d_stride_1", pool(2, 1), picture
    yield "max_pool2d_stride_over_kernel", pool(2, 3), picture
    yield "max_pool2d_padding", pool(3, 2, 1), picture
    yield "max_pool2d_uneven", pool([3, 2], [2, 1], [1, 0]), picture
    norm = lambda shape, affine=True, eps=1e-5: describe("LayerNorm", normalized_shape=shape, eps=eps,
                                                         elementwise_affine=affine, bias=affine)
    yield "layer_norm", norm([6]), [2, 3, 6]
    yield "layer_norm_no_affine", norm([6], affine=False), [2, 3, 6]
    yield "layer_norm_no_bias", dict(norm([6]), bias=False), [2, 3, 6]
    yield "layer_norm_two_dimensions", norm([3, 6]), [2, 3, 6]
    yield "layer_norm_eps", norm([6], eps=0.1), [2, 3, 6]
    rms = lambda eps, affine=True: describe("RMSNorm", normalized_shape=[6], eps=eps, elementwise_affine=affine)
    yield "rms_norm", rms(1e-6), [2, 3, 6]
    yield "rms_norm_eps", rms(0.1), [2, 3, 6]
    yield "rms_norm_no_affine", rms(1e-6, affine=False), [2, 3, 6]
    yield "sequential", describe("Sequential", layers=[linear(5, 8), describe("ReLU"), linear(8, 3)]), [4, 5]
    for name, layer in dict(relu=describe("ReLU"), gelu=describe("GELU", approximate="none"),
                            gelu_tanh=describe("GELU", approximate="tanh"), silu=describe("SiLU"),
                            tanh=describe("Tanh"), sigmoid=describe("Sigmoid")).items():
        yield name, layer, [4, 8]


def make(name, layer, shape):
    seed("layer " + name)
    module = build(layer)
    for parameter in module.parameters():  # norms start as ones and zeros, which would hide a missing parameter
        if parameter.detach().unique().numel() <= 1:
            nn.init.uniform_(parameter, -1.5, 1.5)
    x = shape if isinstance(shape, torch.Tensor) else torch.randn(shape)
    if not list(module.parameters()) and x.dim() == 2:  # activations: include points where they bend and saturate
        x = x * 3
        x[0] = torch.tensor([0.0, -0.0, 1e-6, -1e-6, 20.0, -20.0, 100.0, -100.0])
    x = x.requires_grad_() if x.is_floating_point() else x
    output = module(x)
    grad_output = torch.randn(output.shape)
    output.backward(grad_output)
    tensors = prefixed("state.", module.state_dict())
    tensors |= dict(input=x, output=output, grad_output=grad_output)
    if x.is_floating_point():
        tensors["grad.input"] = x.grad
    tensors |= {"grad." + n: p.grad for n, p in module.named_parameters()}
    save(FOLDER / f"{name}.safetensors", tensors, dict(layer=layer))


def check(path):
    """Rebuilds the layer from the file alone, and recomputes everything from its state and input."""
    tensors, metadata = load(path)
    module = build(json.loads(metadata["layer"]))
    module.load_state_dict({k.removeprefix("state."): v for k, v in tensors.items() if k.startswith("state.")})
    x = tensors["input"].clone()
    x = x.requires_grad_() if x.is_floating_point() else x
    output = module(x)
    output.backward(tensors["grad_output"])
    got = {"output": output, "grad.input": x.grad} | {"grad." + n: p.grad for n, p in module.named_parameters()}
    wrong = []
    for key, value in got.items():
        if value is not None:
            wrong += differs(f"{path.stem} {key}", tensors[key], value, TOLERANCE)
    return wrong


if __name__ == "__main__":
    wrong = []
    for old in FOLDER.glob("*.safetensors"):
        old.unlink()
    for case in cases():
        make(*case)
        wrong += check(FOLDER / f"{case[0]}.safetensors")
    finish(FOLDER, wrong)
