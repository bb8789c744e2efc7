"""How many multiply-adds an image takes, in matrix products: a cost that no machine changes.

Element-wise work (norms, softmax, GELU, gates, reuse, extrapolation) is not counted, as is usual.
"""

from __future__ import annotations

from dataclasses import dataclass

from lazydit.models.dit import FREQUENCIES, DiTConfig
from limit import products_of


@dataclass(frozen=True)
class MultiplyAdds:
    """Of one sample: a step without its modules, and one run of a module of each kind."""

    step: int
    attn: int
    mlp: int

    def of_image(self, steps: int, samples: int, attn_runs: float, mlp_runs: float) -> float:
        """`samples` is 2 with guidance; the runs are those of all steps and samples."""
        return self.step * steps * samples + self.attn * attn_runs + self.mlp * mlp_runs


def multiply_adds_of(config: DiTConfig) -> MultiplyAdds:
    """Counted from the model's shape."""
    width, patch_values = config.width, config.patch_size**2
    embed = config.tokens * width * config.in_channels * patch_values
    timestep = FREQUENCIES * width + width * width
    modulation = config.depth * 6 * width * width + 2 * width * width
    final = config.tokens * width * config.out_channels * patch_values
    modules = {
        kind: sum(product.flops for product in products) // 2
        for kind, products in products_of(config, samples=1).items()
    }
    return MultiplyAdds(embed + timestep + modulation + final, modules["attn"], modules["mlp"])
