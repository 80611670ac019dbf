"""Networks for TorchScript fixtures, with layer features that the other fixtures lack."""
from typing import Dict, NamedTuple, Tuple

import torch
import torch.nn.functional as F
from torch import nn

from networks import EmbeddingClassifier


class Residual(nn.Module):
    """ReLU(BN(conv2(ReLU(BN(conv1 x)))) + shortcut), as ResNet's basic block."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.downsample(x))


class ResNet(nn.Module):
    """Two residual blocks; a depthwise convolution between them has groups."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6)
        self.layer1, self.layer2 = nn.Sequential(Residual(6, 8, 2)), nn.Sequential(Residual(8, 10, 2))
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8)
        self.fc = nn.Linear(10, 4)
        for module in self.modules():  # as after training: statistics other than 0 and 1
            if isinstance(module, nn.BatchNorm2d):
                nn.init.normal_(module.running_mean, std=0.1)
                nn.init.uniform_(module.running_var, 0.5, 1.5)

    def forward(self, x):  # [B, 3, 12, 12] -> [B, 4]
        x = self.layer2(self.depthwise(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.fc(x.mean((2, 3)))

    @staticmethod
    def example():
        return torch.randn(3, 3, 12, 12)


class Encoder(nn.Module):
    """Two of PyTorch's encoder layers, whose attention stores query, key and value in one raw parameter."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(
            [nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True) for _ in range(2)])
        self.head = nn.Linear(8, 3)

    def forward(self, x):  # [B, T, 8] -> [B, 3]
        for layer in self.layers:
            x = layer(x)
        return self.head(x.mean(1))

    @staticmethod
    def example():
        return torch.randn(3, 5, 8)


class BagClassifier(nn.Module):
    """head(relu(fc(bag of embeddings)))."""

    def __init__(self):
        super().__init__()
        self.bag, self.fc, self.head = nn.EmbeddingBag(12, 6, mode="mean"), nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, x):  # [B, T] of indices -> [B, 3]
        return self.head(F.relu(self.fc(self.bag(x))))

    @staticmethod
    def example():
        return torch.tensor([[1, 2, 3, 4], [5, 5, 11, 0], [7, 1, 10, 9]])


class Siamese(nn.Module):
    """One layer used in two places, with a dictionary as output."""

    def __init__(self):
        super().__init__()
        self.left = nn.Linear(4, 4)
        self.right = self.left
        self.head = nn.Linear(4, 2)

    def forward(self, x):  # [B, 4] -> [B, 2]
        return self.head(torch.tanh(self.left(x)) - torch.tanh(self.right(x * 2)))

    @staticmethod
    def example():
        return torch.randn(3, 4)


class TwoInputs(nn.Module):
    """Takes two tensors and returns a dictionary of tensors and a tuple."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, pair: tuple[torch.Tensor, torch.Tensor], named: dict[str, torch.Tensor]):
        y = self.fc(pair[0] + pair[1] * named["scale"])
        return {"sum": y.sum(1), "logits": y}, (y, y * 2)


class Regressor(nn.Module):
    """A regression network for tables."""

    def __init__(self):
        super().__init__()
        self.fc, self.head = nn.Linear(4, 8), nn.Linear(8, 1)

    def forward(self, x):  # [B, 4] -> [B, 1]
        return self.head(torch.tanh(self.fc(x)))


class Dictionary(nn.Module):
    """A classifier that also returns its hidden state, by name."""

    def __init__(self):
        super().__init__()
        self.fc, self.head = nn.Linear(4, 3), nn.Linear(3, 3)

    def forward(self, x) -> Dict[str, torch.Tensor]:  # [B, 4] -> [B, 3] each
        hidden = torch.relu(self.fc(x))
        return {"hidden": hidden, "logits": self.head(hidden)}


class Pair(Dictionary):
    """The same as a tuple."""

    def forward(self, x) -> Tuple[torch.Tensor, torch.Tensor]:
        hidden = torch.relu(self.fc(x))
        return hidden, self.head(hidden)


class Outputs(NamedTuple):
    hidden: torch.Tensor
    logits: torch.Tensor


class Named(Dictionary):
    """The same as a named tuple."""

    def forward(self, x) -> Outputs:
        hidden = torch.relu(self.fc(x))
        return Outputs(hidden, self.head(hidden))


class OnDevice(nn.Module):
    """Makes a constant on a device that a trace records."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 3)

    def forward(self, x):
        return self.fc(x) + torch.zeros(3, device=x.device)


class Training(nn.Module):
    """Everything whose training flag a trace records."""

    def __init__(self):
        super().__init__()
        self.fc, self.bn, self.drop = nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.5)
        self.rnn = nn.LSTM(4, 4, num_layers=2, dropout=0.3)
        self.own = nn.BatchNorm1d(4, track_running_stats=False)
        self.none = nn.Dropout(0.0)

    def forward(self, x):  # [B, 4] -> [B, 4]
        x = self.rnn(self.drop(self.bn(self.fc(x))).unsqueeze(0))[0][0]
        return self.none(self.own(nn.functional.dropout(x, 0.1, self.training)))


class Writer(nn.Module):
    """Writes a file when it is called."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x):
        torch.save(x, "written-by-a-script.pt")
        return self.fc(x)


class NoForward(nn.Module):
    """Has a method that is not called forward."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)

    @torch.jit.export
    def encode(self, x):
        return self.fc(x)


SCRIPTED = dict(resnet=ResNet, encoder=Encoder, tokens=EmbeddingClassifier, bag=BagClassifier, siamese=Siamese)
