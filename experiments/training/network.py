"""A GPT-2 to train, in PyTorch, its parameters named as in the Hugging Face layout."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Affine(nn.Module):
    """X @ weight + bias; GPT-2 stores the weight as (inputs, outputs)."""

    def __init__(self, inputs: int, outputs: int, scale: float = 0.02):
        super().__init__()
        self.weight = nn.Parameter(scale * torch.randn(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Return the affine map of the last axis."""
        return x @ self.weight + self.bias


class Attention(nn.Module):
    """Causal self-attention."""

    def __init__(self, width: int, heads: int, layers: int, dropout: float):
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.c_attn = Affine(width, 3 * width)
        self.c_proj = Affine(width, width, 0.02 / (2 * layers) ** 0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Return the mixed values of the tokens, (batch, n, width)."""
        batch, n, width = x.shape
        # Queries, keys and values: (3, batch, heads, n, width / heads)
        parts = self.c_attn(x).view(batch, n, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        dropout = self.dropout if self.training else 0.0
        mixed = functional.scaled_dot_product_attention(*parts, is_causal=True, dropout_p=dropout)
        return self.c_proj(mixed.transpose(1, 2).reshape(batch, n, width))


class Block(nn.Module):
    """Attention, then a perceptron of one hidden layer; each adds to what it read."""

    def __init__(self, width: int, heads: int, layers: int, dropout: float):
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.ln_2 = nn.LayerNorm(width)
        self.attn = Attention(width, heads, layers, dropout)
        self.mlp = nn.ModuleDict(
            {
                "c_fc": Affine(width, 4 * width),
                "c_proj": Affine(4 * width, width, 0.02 / (2 * layers) ** 0.5),
            }
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Return the residual stream after this layer."""
        x = x + self.dropout(self.attn(self.ln_1(x)))
        hidden = functional.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh")
        return x + self.dropout(self.mlp["c_proj"](hidden))


class Network(nn.Module):
    """GPT-2: embeddings, layers, a last norm, and the embeddings again for the logits."""

    def __init__(
        self, vocabulary: int, context: int, width: int, heads: int, layers: int, dropout: float
    ):
        super().__init__()
        self.wte = nn.Embedding(vocabulary, width)
        self.wpe = nn.Embedding(context, width)
        self.h = nn.ModuleList(Block(width, heads, layers, dropout) for _ in range(layers))
        self.ln_f = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        nn.init.normal_(self.wte.weight, std=0.02)
        nn.init.normal_(self.wpe.weight, std=0.01)

    def forward(self, ids: Tensor) -> Tensor:
        """Return the logits at every place, (batch, n, vocabulary)."""
        x = self.dropout(self.wte(ids) + self.wpe.weight[: ids.shape[1]])
        for block in self.h:
            x = block(x)
        return self.ln_f(x) @ self.wte.weight.T
