"""The networks of the fixtures; their Java counterparts use the same parameter names."""
import torch
import torch.nn.functional as F
from torch import nn
from transformers.pytorch_utils import Conv1D


class ConvNet(nn.Module):
    """The reference CIFAR-10 network. conv3 is declared but never used, as in the original."""

    def __init__(self):
        super().__init__()
        self.conv1, self.pool, self.conv2 = nn.Conv2d(3, 6, 5), nn.MaxPool2d(2, 2), nn.Conv2d(6, 16, 5)
        self.conv3 = nn.Conv2d(16, 32, 5)
        self.fc1, self.fc2, self.fc3 = nn.Linear(400, 120), nn.Linear(120, 84), nn.Linear(84, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv2(self.pool(F.relu(self.conv1(x))))))
        return self.fc3(F.relu(self.fc2(F.relu(self.fc1(torch.flatten(x, 1))))))


class Block(nn.Module):
    """fc: Linear, then ReLU. A separate module, so that names contain a layer number: body.layers.0.fc"""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.fc = nn.Linear(inputs, outputs)

    def forward(self, x):
        return F.relu(self.fc(x))


class Body(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([Block(8, 16), Block(16, 8)])

    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class Mlp(nn.Module):
    """head(body(x)): body.layers.0.fc 8→16, body.layers.1.fc 16→8, head 8→4."""

    def __init__(self):
        super().__init__()
        self.body, self.head = Body(), nn.Linear(8, 4)

    def forward(self, x):  # [B, 8] -> [B, 4]
        return self.head(self.body(x))

    @staticmethod
    def example():
        return torch.randn(3, 8)


class Convs(nn.Module):
    """Consecutive convolutions of one, two and three dimensions, with strides, padding and groups."""

    def __init__(self):
        super().__init__()
        self.image = nn.Conv2d(4, 6, 3, stride=2, padding=1)
        self.point = nn.Conv2d(6, 6, 1, bias=False)
        self.grouped = nn.Conv2d(6, 6, 3, padding=1, groups=2)
        self.volume = nn.Conv3d(2, 4, (3, 2, 2), stride=(1, 2, 2), padding=(1, 0, 0))
        self.line = nn.Conv1d(4, 6, 3, stride=2, padding=1)
        self.head = nn.Linear(6, 3)

    def forward(self, x):  # [B, 4, 7, 8] -> [B, 3]
        x = F.relu(self.image(x))  # [B, 6, 4, 4]
        x = F.relu(self.grouped(self.point(x)))  # [B, 6, 4, 4]
        x = F.relu(self.volume(x.reshape(-1, 2, 3, 4, 4)))  # [B, 4, 3, 2, 2]
        x = F.relu(self.line(x.flatten(2)))  # [B, 6, 6]
        return self.head(x.mean(-1))

    @staticmethod
    def example():
        return torch.randn(2, 4, 7, 8)


class EmbeddingClassifier(nn.Module):
    """head(relu(fc(mean of the embeddings))); index 0 is padding."""

    def __init__(self):
        super().__init__()
        self.embed, self.fc, self.head = nn.Embedding(12, 6, padding_idx=0), nn.Linear(6, 8), nn.Linear(8, 3)

    def forward(self, x):  # [B, T] of indices -> [B, 3]
        return self.head(F.relu(self.fc(self.embed(x).mean(1))))

    @staticmethod
    def example():
        return torch.tensor([[1, 2, 3, 4, 0], [5, 5, 11, 0, 0], [7, 1, 10, 9, 6]])


class Attention(nn.Module):
    def __init__(self, hidden, heads):
        super().__init__()
        self.heads = heads
        self.c_attn, self.c_proj = Conv1D(3 * hidden, hidden), Conv1D(hidden, hidden)

    def forward(self, x):  # [B, T, H]
        split = lambda t: t.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # [B, heads, T, H / heads]
        q, k, v = (split(t) for t in self.c_attn(x).chunk(3, -1))
        return self.c_proj(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))


class Feed(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.c_fc, self.c_proj = Conv1D(2 * hidden, hidden), Conv1D(hidden, 2 * hidden)

    def forward(self, x):
        return self.c_proj(F.gelu(self.c_fc(x), approximate="tanh"))


class GptLayer(nn.Module):
    def __init__(self, hidden, heads):
        super().__init__()
        self.ln_1, self.attn = nn.LayerNorm(hidden), Attention(hidden, heads)
        self.ln_2, self.mlp = nn.LayerNorm(hidden), Feed(hidden)

    def forward(self, x):
        x = x + self.attn(self.ln_1(x))
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    def __init__(self, hidden, heads, layers):
        super().__init__()
        self.h = nn.ModuleList([GptLayer(hidden, heads) for _ in range(layers)])

    def forward(self, x):
        for layer in self.h:
            x = layer(x)
        return x


class Gpt2Block(nn.Module):
    """Two GPT-2 layers on hidden states, with transformers' Conv1D (weight [in, out]) and a head without bias."""

    def __init__(self):
        super().__init__()
        self.transformer, self.lm_head = Transformer(8, 2, 2), nn.Linear(8, 5, bias=False)

    def forward(self, x):  # [B, T, 8] -> [B, T, 5]
        return self.lm_head(self.transformer(x))

    @staticmethod
    def example():
        return torch.randn(2, 3, 8)


class Experts(nn.Module):
    """Raw parameters in the layout of mixture-of-experts models: up [experts, in, out], down likewise."""

    def __init__(self, experts, inputs, hidden, outputs):
        super().__init__()
        self.up = nn.Parameter(torch.randn(experts, inputs, hidden) / 3)
        self.down = nn.Parameter(torch.randn(experts, hidden, outputs) / 3)

    def forward(self, x, share):  # [B, in], [B, experts] -> [B, out]
        y = torch.relu(torch.einsum("bi,eih->beh", x, self.up))
        return torch.einsum("beh,eho,be->bo", y, self.down, share)


class TransposedExperts(Experts):
    """The same, with the attribute that tells PEFT about the layout [experts, in, out]."""

    is_transposed = True


class Mixer(nn.Module):
    """A linear map whose two-dimensional parameter [out, in] is not in an nn.Linear."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(outputs, inputs) / 3)

    def forward(self, x):
        return F.linear(x, self.kernel)


class Moe(nn.Module):
    """Every expert processes every example, weighted by the router."""

    def __init__(self):
        super().__init__()
        self.router = nn.Linear(6, 3, bias=False)
        self.first, self.second = Experts(3, 6, 5, 4), TransposedExperts(3, 4, 5, 6)
        self.mixer, self.head = Mixer(6, 4), nn.Linear(4, 3)

    def forward(self, x):  # [B, 6] -> [B, 3]
        share = self.router(x).softmax(-1)
        return self.head(self.mixer(self.second(self.first(x, share), share)))

    @staticmethod
    def example():
        return torch.randn(3, 6)


NETWORKS = dict(convnet=ConvNet, mlp=Mlp, convs=Convs, embedding=EmbeddingClassifier, gpt2block=Gpt2Block, moe=Moe)
