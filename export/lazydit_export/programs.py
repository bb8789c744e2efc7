"""The programs of a bundle as small modules, each a part of one DiT.

Every module computes what the DiT computes, written so that ExecuTorch's XNNPACK delegate takes
all of it but the layer norm and the sum over the tokens: weights are sliced when a module is built
(`chunk` and `split` are not delegated), tensors stay three-dimensional around matrix products
(four-dimensional ones leave copies behind), and GELU is written out (the delegate would replace
the tanh form by the erf form).

Letters in shapes: N tokens, D width, L depth, T timesteps, C channels, H heads, h = w input size.
"""

import math
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lazydit.models.dit import FREQUENCIES, NORM_EPS, Attention, Block, DiT, Mlp

Stream = tuple[Tensor, Tensor, Tensor]
"""x [1, N, D], its layer norm [1, N, D] and the sum of that over the tokens [1, D]."""


def _stream(x: Tensor) -> Stream:
    norm = F.layer_norm(x, x.shape[-1:], eps=NORM_EPS)
    return x, norm, norm.sum(dim=1)


def _linear(weight: Tensor, bias: Tensor) -> nn.Linear:
    """A linear layer that owns copies: the delegate stores the whole storage behind a view."""
    layer = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    layer.weight = nn.Parameter(weight.detach().clone(), requires_grad=False)
    layer.bias = nn.Parameter(bias.detach().clone(), requires_grad=False)
    return layer


def gelu_tanh(x: Tensor) -> Tensor:
    """GELU in its tanh form: (1 + tanh u) / 2 = sigmoid(2 u), u = sqrt(2/pi) (x + 0.044715 x^3).

    2 u is taken as x (a x^2 + b), which is a pass over the hidden layer less.
    """
    b = 2 * math.sqrt(2 / math.pi)
    return x * torch.sigmoid(x * (x * x * (0.044715 * b) + b))


class Condition(nn.Module):
    """label [1] int64, timesteps [T] -> modulation [T, L, 6 D], final_modulation [T, 2 D]."""

    frequencies: Tensor

    def __init__(self, model: DiT) -> None:
        super().__init__()
        half = FREQUENCIES // 2
        exponents = torch.arange(half, dtype=torch.float32) / half
        self.register_buffer("frequencies", torch.exp(-math.log(10000) * exponents)[None])
        self.timestep_mlp = model.t_embedder.mlp
        self.labels = model.y_embedder.embedding_table
        layers = [cast(nn.Linear, cast(Block, block).adaLN_modulation[1]) for block in model.blocks]
        self.modulation = _linear(
            torch.cat([layer.weight for layer in layers]),
            torch.cat([layer.bias for layer in layers]),
        )
        self.final_modulation = model.final_layer.adaLN_modulation[1]
        self.depth = model.config.depth
        self.width = model.config.width

    def vectors(self, labels: Tensor, timesteps: Tensor) -> Tensor:
        """labels [B], timesteps [T], B = 1 or T = 1 -> what the adaLN layers read [B or T, D]."""
        angles = timesteps[:, None] * self.frequencies
        features = torch.cat([angles.cos(), angles.sin()], dim=1)
        return F.silu(self.timestep_mlp(features) + self.labels(labels))

    def forward(self, label: Tensor, timesteps: Tensor) -> tuple[Tensor, Tensor]:
        condition = self.vectors(label, timesteps)
        modulation = self.modulation(condition).view(-1, self.depth, 6 * self.width)
        return modulation, self.final_modulation(condition)


class Embed(nn.Module):
    """latent [1, C, h, w] -> x, norm, norm_sum."""

    positions: Tensor

    def __init__(self, model: DiT) -> None:
        super().__init__()
        self.patches = model.x_embedder.proj
        self.register_buffer("positions", model.pos_embed.detach().clone())

    def forward(self, latent: Tensor) -> Stream:
        tokens = self.patches(latent).flatten(2).transpose(1, 2)
        return _stream(tokens + self.positions)


class AttentionModule(nn.Module):
    """z [1, N, D] -> MHSA of z [1, N, D], as three linears and 3-D matrix products."""

    def __init__(self, attention: Attention) -> None:
        super().__init__()
        width = attention.proj.in_features
        self.heads = attention.heads
        weights = torch.split(attention.qkv.weight, width)
        biases = torch.split(attention.qkv.bias, width)
        scale = (width // self.heads) ** -0.5
        self.query = _linear(weights[0] * scale, biases[0] * scale)
        self.key = _linear(weights[1], biases[1])
        self.value = _linear(weights[2], biases[2])
        self.proj = attention.proj

    def _heads(self, tokens: Tensor) -> Tensor:
        """[1, N, D] -> [H, N, D / H]."""
        _, count, width = tokens.shape
        return tokens.view(count, self.heads, width // self.heads).transpose(0, 1)

    def forward(self, z: Tensor) -> Tensor:
        query, key, value = (self._heads(f(z)) for f in (self.query, self.key, self.value))
        weights = torch.bmm(query, key.transpose(1, 2)).softmax(dim=-1)
        mixed = torch.bmm(weights, value).transpose(0, 1).reshape(z.shape)
        output: Tensor = self.proj(mixed)
        return output


class MlpModule(nn.Module):
    """z [1, N, D] -> feedforward of z [1, N, D]."""

    def __init__(self, mlp: Mlp) -> None:
        super().__init__()
        self.fc1 = mlp.fc1
        self.fc2 = mlp.fc2

    def forward(self, z: Tensor) -> Tensor:
        output: Tensor = self.fc2(gelu_tanh(self.fc1(z)))
        return output


class BlockModule(nn.Module):
    """x, norm [1, N, D], shift, scale, gate [1, 1, D] -> x', norm', norm_sum', output [1, N, D]."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(
        self, x: Tensor, norm: Tensor, shift: Tensor, scale: Tensor, gate: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        output = self.module(norm * (scale + 1.0) + shift)
        return *_stream(x + gate * output), output


class WholeBlock(nn.Module):
    """What a block's MHSA and feedforward do one after the other.

    x, norm [1, N, D], then shift, scale, gate [1, 1, D] of either -> x', norm', norm_sum' and the
    outputs of both [1, N, D].
    """

    def __init__(self, attn: nn.Module, mlp: nn.Module) -> None:
        super().__init__()
        self.attn = attn
        self.mlp = mlp

    def forward(
        self,
        x: Tensor,
        norm: Tensor,
        attn_shift: Tensor,
        attn_scale: Tensor,
        attn_gate: Tensor,
        mlp_shift: Tensor,
        mlp_scale: Tensor,
        mlp_gate: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        attn_output = self.attn(norm * (attn_scale + 1.0) + attn_shift)
        x = x + attn_gate * attn_output
        norm = F.layer_norm(x, x.shape[-1:], eps=NORM_EPS)
        mlp_output = self.mlp(norm * (mlp_scale + 1.0) + mlp_shift)
        return *_stream(x + mlp_gate * mlp_output), attn_output, mlp_output


class Reuse(nn.Module):
    """x [1, N, D], output [1, N, D] of an earlier step, gate [1, 1, D] -> x', norm', norm_sum'."""

    def forward(self, x: Tensor, output: Tensor, gate: Tensor) -> Stream:
        return _stream(x + gate * output)


class Extrapolate(nn.Module):
    """x, output, previous [1, N, D], weight [1, 1, 1], gate [1, 1, D] -> x', norm', norm_sum'.

    `Reuse` of what lies on the straight line through a module's last two outputs, `weight` times
    their distance beyond the last.
    """

    def forward(
        self, x: Tensor, output: Tensor, previous: Tensor, weight: Tensor, gate: Tensor
    ) -> Stream:
        return _stream(x + gate * (output + weight * (output - previous)))


class Final(nn.Module):
    """norm [1, N, D], shift, scale [1, 1, D] -> model output [1, output channels, h, w].

    Linear layer and unpatchify are together one transposed convolution whose stride is the patch.
    """

    def __init__(self, model: DiT) -> None:
        super().__init__()
        config = model.config
        patch, channels = config.patch_size, config.out_channels
        linear = model.final_layer.linear
        self.grid = config.input_size // patch
        self.patches = nn.ConvTranspose2d(config.width, channels, patch, patch, bias=False)
        kernel = linear.weight.detach().view(patch, patch, channels, config.width)
        self.patches.weight = nn.Parameter(kernel.permute(3, 2, 0, 1).contiguous())
        bias = linear.bias.detach().view(patch, patch, channels).permute(2, 0, 1)
        self.register_buffer("bias", bias.repeat(1, self.grid, self.grid)[None].contiguous())

    def forward(self, norm: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
        tokens = (norm * (scale + 1.0) + shift).transpose(1, 2)
        image = tokens.reshape(1, tokens.shape[1], self.grid, self.grid)
        output: Tensor = self.patches(image) + self.bias
        return output
