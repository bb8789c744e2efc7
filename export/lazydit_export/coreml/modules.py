"""The programs' modules in the form that Core ML's converter turns into the fewest operators.

Letters in shapes: N tokens, D width, H heads.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lazydit_export.programs import AttentionModule, BlockModule, MlpModule, WholeBlock


class FusedAttention(nn.Module):
    """z [1, N, D] -> MHSA of z [1, N, D]: one linear layer for query, key and value, then one
    `scaled_dot_product_attention`, which Core ML has from iOS 18.

    The operator scales by itself: called with an explicit scale it is taken apart.
    """

    def __init__(self, attention: AttentionModule) -> None:
        super().__init__()
        layers = (attention.query, attention.key, attention.value)
        width = attention.proj.in_features
        self.heads = attention.heads
        # The scale that AttentionModule has folded into the query's weights goes.
        unscaled = torch.ones(3 * width)
        unscaled[:width] = math.sqrt(width // self.heads)
        self.qkv = nn.Linear(width, 3 * width, device="meta")
        self.qkv.weight = _constant(torch.cat([f.weight for f in layers]) * unscaled[:, None])
        self.qkv.bias = _constant(torch.cat([f.bias for f in layers]) * unscaled)
        self.proj = attention.proj

    def forward(self, z: Tensor) -> Tensor:
        _, count, width = z.shape
        heads = self.qkv(z).view(1, count, 3 * self.heads, width // self.heads).transpose(1, 2)
        query, key, value = heads.split(self.heads, dim=1)
        mixed = F.scaled_dot_product_attention(query, key, value)
        output: Tensor = self.proj(mixed.transpose(1, 2).reshape(z.shape))
        return output


class TanhMlp(nn.Module):
    """z [1, N, D] -> feedforward of z [1, N, D].

    The converter recognizes GELU's tanh form when it is written out like this; the form with a
    sigmoid stays seven operators, and `F.gelu(approximate="tanh")` becomes the exact GELU.
    """

    def __init__(self, mlp: MlpModule) -> None:
        super().__init__()
        self.fc1 = mlp.fc1
        self.fc2 = mlp.fc2

    def forward(self, z: Tensor) -> Tensor:
        x = self.fc1(z)
        gelu = 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x.pow(3))))
        output: Tensor = self.fc2(gelu)
        return output


def rewritten(module: nn.Module, *, fused_attention: bool) -> nn.Module:
    """A module that computes what `module` does; `module` stays as it is, weights are shared."""
    if isinstance(module, BlockModule):
        return BlockModule(_rewritten_part(module.module, fused_attention)).eval()
    if isinstance(module, WholeBlock):
        parts = (_rewritten_part(part, fused_attention) for part in (module.attn, module.mlp))
        return WholeBlock(*parts).eval()
    return module


def _rewritten_part(part: nn.Module, fused_attention: bool) -> nn.Module:
    if isinstance(part, MlpModule):
        return TanhMlp(part)
    if isinstance(part, AttentionModule) and fused_attention:
        return FusedAttention(part)
    return part


def _constant(values: Tensor) -> nn.Parameter:
    return nn.Parameter(values, requires_grad=False)
