"""The published Diffusion Transformer (Peebles and Xie, "Scalable Diffusion Models with
Transformers", 2023) with its state-dict names, so that published checkpoints load unchanged.

Letters in shapes: B samples, N tokens, D width, L blocks, C channels, H = W input size.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lazydit.errors import LazyDiTError

FREQUENCIES = 256
NORM_EPS = 1e-6

ModuleCall = Callable[[int, nn.Module, Tensor], Tensor]
"""`(module number, module, z [B, N, D]) -> output [B, N, D]`; numbers are attn 0, mlp 0, attn 1,
... and z is what the module would consume."""


_NORMAL = {
    "y_embedder.embedding_table.weight",
    "t_embedder.mlp.0.weight",
    "t_embedder.mlp.2.weight",
}
_ZERO = {"x_embedder.proj.bias", "final_layer.linear.weight", "final_layer.linear.bias"}


class Preset(NamedTuple):
    """The shape of a published model."""

    depth: int
    width: int
    heads: int
    patch_size: int


_SIZES = {"S": (12, 384, 6), "B": (12, 768, 12), "L": (24, 1024, 16), "XL": (28, 1152, 16)}
PRESETS: dict[str, Preset] = {
    f"DiT-{size}/{patch}": Preset(*shape, patch)
    for size, shape in _SIZES.items()
    for patch in (2, 4, 8)
}


@dataclass(frozen=True, kw_only=True)
class DiTConfig:
    """What a DiT needs to be built.

    `input_size` is the height and width of the latent (or image, in pixel space).
    `guidance_channels` is how many leading channels classifier-free guidance mixes: 3 as
    published, None for all of them.
    """

    input_size: int
    patch_size: int
    in_channels: int
    width: int
    depth: int
    heads: int
    mlp_ratio: float = 4.0
    num_classes: int
    learn_sigma: bool
    guidance_channels: int | None = 3

    def __post_init__(self) -> None:
        sizes = (self.input_size, self.patch_size, self.in_channels, self.width, self.depth)
        counts = (*sizes, self.heads, self.num_classes)
        if any(type(count) is not int or count < 1 for count in counts) or self.mlp_ratio <= 0:
            raise LazyDiTError(
                "every size of a DiT must be at least 1 and whole: correct the sizes given"
            )
        if self.input_size % self.patch_size:
            raise LazyDiTError(
                f"input size {self.input_size} is not a multiple of patch size {self.patch_size}: "
                "choose a patch size that divides it"
            )
        if self.width % self.heads or self.width % 4:
            raise LazyDiTError(
                f"width {self.width} must be a multiple of 4 and of the {self.heads} heads: "
                "choose another width or number of heads"
            )
        if self.guidance_channels is not None and self.guidance_channels < 1:
            raise LazyDiTError("guidance needs at least one channel: give a number from 1, or all")

    @property
    def tokens(self) -> int:
        return (self.input_size // self.patch_size) ** 2

    @property
    def out_channels(self) -> int:
        return self.in_channels * 2 if self.learn_sigma else self.in_channels

    @property
    def num_modules(self) -> int:
        return 2 * self.depth


def modulate(norm: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """adaLN: norm [B, N, D] scaled and shifted by [B, D] each."""
    return norm * (1 + scale.unsqueeze(1)) + shift.unsqueeze(1)


def sincos_positions(width: int, grid: int) -> Tensor:
    """Fixed 2-D sine-cosine positions [1, grid*grid, width], columns before rows as published."""
    omega = 1.0 / 10000 ** (torch.arange(width // 4, dtype=torch.float64) / (width / 4))
    angles = torch.outer(torch.arange(grid, dtype=torch.float64), omega)
    axis = torch.cat([angles.sin(), angles.cos()], dim=1)
    columns = axis.repeat(grid, 1)
    rows = axis.repeat_interleave(grid, dim=0)
    return torch.cat([columns, rows], dim=1).float().unsqueeze(0)


class PatchEmbedder(nn.Module):
    """[B, C, H, W] -> tokens [B, N, D]."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        patch = config.patch_size
        self.proj = nn.Conv2d(config.in_channels, config.width, patch, stride=patch)

    def forward(self, x: Tensor) -> Tensor:
        tokens: Tensor = self.proj(x).flatten(2).transpose(1, 2)
        return tokens


class TimestepEmbedder(nn.Module):
    """Timesteps [B] in units of the 1000 training steps -> [B, D]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Linear(FREQUENCIES, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, t: Tensor) -> Tensor:
        embedding: Tensor = self.mlp(timestep_features(t))
        return embedding


def timestep_features(t: Tensor) -> Tensor:
    """Timesteps [B] -> fp32 cosines and sines [B, 256]."""
    half = FREQUENCIES // 2
    exponents = torch.arange(half, dtype=torch.float32, device=t.device) / half
    angles = t.float()[:, None] * torch.exp(-math.log(10000) * exponents)[None]
    return torch.cat([angles.cos(), angles.sin()], dim=1)


class LabelEmbedder(nn.Module):
    """Labels [B] -> [B, D]; label `num_classes` stands for "no label"."""

    def __init__(self, num_classes: int, width: int) -> None:
        super().__init__()
        self.embedding_table = nn.Embedding(num_classes + 1, width)

    def forward(self, y: Tensor) -> Tensor:
        embedding: Tensor = self.embedding_table(y)
        return embedding


class Attention(nn.Module):
    """Multi-head self-attention over z [B, N, D]."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, z: Tensor) -> Tensor:
        batch, tokens, width = z.shape
        qkv = self.qkv(z).reshape(batch, tokens, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(query, key, value)
        output: Tensor = self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return output


class Mlp(nn.Module):
    """The feedforward of a block over z [B, N, D]."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, z: Tensor) -> Tensor:
        output: Tensor = self.fc2(F.gelu(self.fc1(z), approximate="tanh"))
        return output


class Block(nn.Module):
    """One block: its two modules are `attn` and `mlp`."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        width = config.width
        self.norm1 = nn.LayerNorm(width, eps=NORM_EPS, elementwise_affine=False)
        self.attn = Attention(width, config.heads)
        self.norm2 = nn.LayerNorm(width, eps=NORM_EPS, elementwise_affine=False)
        self.mlp = Mlp(width, round(width * config.mlp_ratio))
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))

    def forward(self, x: Tensor, condition: Tensor, index: int, call: ModuleCall) -> Tensor:
        """x [B, N, D], condition [B, D] -> [B, N, D]; `call` computes this block's modules."""
        shift_attn, scale_attn, gate_attn, shift_mlp, scale_mlp, gate_mlp = self.adaLN_modulation(
            condition
        ).chunk(6, dim=1)
        z = modulate(self.norm1(x), shift_attn, scale_attn)
        x = x + gate_attn.unsqueeze(1) * call(2 * index, self.attn, z)
        z = modulate(self.norm2(x), shift_mlp, scale_mlp)
        tokens: Tensor = x + gate_mlp.unsqueeze(1) * call(2 * index + 1, self.mlp, z)
        return tokens


class FinalLayer(nn.Module):
    """Tokens [B, N, D] -> patches [B, N, patch*patch*out_channels]."""

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        width = config.width
        self.norm_final = nn.LayerNorm(width, eps=NORM_EPS, elementwise_affine=False)
        self.linear = nn.Linear(width, config.patch_size**2 * config.out_channels)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        shift, scale = self.adaLN_modulation(condition).chunk(2, dim=1)
        patches: Tensor = self.linear(modulate(self.norm_final(x), shift, scale))
        return patches


def run_module(_number: int, module: nn.Module, z: Tensor) -> Tensor:
    """The `ModuleCall` that always runs the module."""
    output: Tensor = module(z)
    return output


class DiT(nn.Module):
    """A Diffusion Transformer, initialised as published."""

    pos_embed: Tensor

    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self.config = config
        self.x_embedder = PatchEmbedder(config)
        self.t_embedder = TimestepEmbedder(config.width)
        self.y_embedder = LabelEmbedder(config.num_classes, config.width)
        grid = config.input_size // config.patch_size
        self.register_buffer("pos_embed", sincos_positions(config.width, grid))
        self.blocks = nn.ModuleList([Block(config) for _ in range(config.depth)])
        self.final_layer = FinalLayer(config)
        self._initialise()

    def _initialise(self) -> None:
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)
        projection = self.x_embedder.proj
        nn.init.xavier_uniform_(projection.weight.view(projection.weight.shape[0], -1))
        for name, parameter in self.named_parameters():
            if name in _NORMAL:
                nn.init.normal_(parameter, std=0.02)
            if name in _ZERO or "adaLN_modulation" in name:
                nn.init.zeros_(parameter)

    def forward(self, x: Tensor, t: Tensor, y: Tensor, call: ModuleCall = run_module) -> Tensor:
        """x [B, C, H, W], timesteps t [B], labels y [B] -> [B, out_channels, H, W].

        The first C output channels are the predicted noise. `call` computes every module's
        output; by default all modules run.
        """
        tokens = self.x_embedder(x) + self.pos_embed
        condition = self.t_embedder(t) + self.y_embedder(y)
        for index, block in enumerate(self.blocks):
            tokens = block(tokens, condition, index, call)
        return self._unpatchify(self.final_layer(tokens, condition))

    def _unpatchify(self, patches: Tensor) -> Tensor:
        config = self.config
        grid, patch = config.input_size // config.patch_size, config.patch_size
        image = patches.reshape(-1, grid, grid, patch, patch, config.out_channels)
        image = image.permute(0, 5, 1, 3, 2, 4)
        return image.reshape(-1, config.out_channels, config.input_size, config.input_size)
