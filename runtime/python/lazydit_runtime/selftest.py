"""A run of the scheduler whose outcome is known, without any engine."""

import math

import numpy as np

from lazydit_runtime import _core
from lazydit_runtime.executors import Array

_STEPS, _SEED = 5, 0
_LATENT = (1, 2, 2)


class _Nothing:
    """An executor whose model predicts no noise at all."""

    def run(self, program: str, inputs: list[Array], outputs: list[Array]) -> None:
        for output in outputs:
            output[...] = 0


def scheduler_works() -> bool:
    """Whether DDIM without predicted noise only rescales the starting noise, as it must."""
    timesteps = _core.spaced_timesteps(1000, _STEPS)
    alphas = _core.alphas_cumprod(1000, 1e-4, 0.02)[timesteps]
    model = _core.Model(
        programs=["condition", "embed", "attn", "mlp", "reuse", "final"],
        condition=0,
        embed=1,
        modules=[2, 3],
        reuse=4,
        final=5,
        decode=None,
        depth=1,
        width=4,
        tokens=1,
        latent_shape=_LATENT,
        output_channels=1,
        num_classes=1,
        condition_max_steps=_STEPS,
        image_shape=_LATENT,
    )
    plan = _core.Plan(
        timesteps=timesteps,
        alphas_cumprod=alphas.tolist(),
        guided=True,
        guidance_channels=1,
        kind=_core.PolicyKind.EVERY_N,
        every_n=2,
    )
    generation = _core.Generation(model, plan)
    generation.run(_Nothing(), label=0, seed=_SEED, guidance=2.0)
    latent = generation.latent()
    expected = _core.randn(_SEED, math.prod(_LATENT)).reshape(_LATENT) / math.sqrt(alphas[0])
    return latent is not None and bool(np.allclose(latent, expected, rtol=1e-4))
