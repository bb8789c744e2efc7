"""`lazydit learn`: the gates of a DiT for one step count."""

from pathlib import Path
from typing import Annotated

import typer

from lazydit import learning
from lazydit.checkpoints import load_checkpoint
from lazydit.data import LabelledImages, open_images
from lazydit.distributed import Workers
from lazydit.learn_recipe import LearnProgress, LearnRecipe
from lazydit.progress import progress_bar

DEFAULT = LearnRecipe(steps=10, target_ratio=0.3)
SELF = "self"


def learn(
    checkpoint: Annotated[Path, typer.Argument(help="The model: .safetensors or a published .pt.")],
    out: Annotated[Path, typer.Option(help="The gate file to write.")],
    steps: Annotated[int, typer.Option(help="Sampling steps that the gates are for.")] = 10,
    target_ratio: Annotated[
        float | None, typer.Option(help="Regulate the penalties to this lazy ratio.")
    ] = None,
    penalty_attn: Annotated[
        float | None, typer.Option(help="What a score of 1 costs, for attention.")
    ] = None,
    penalty_mlp: Annotated[
        float | None, typer.Option(help="What a score of 1 costs, for feedforward.")
    ] = None,
    max_reuse: Annotated[
        int | None, typer.Option(help="Most steps in a row that one module may be reused.")
    ] = None,
    data: Annotated[
        str, typer.Option(help="A folder of class folders, digits, or self: drawn by the model.")
    ] = SELF,
    iterations: Annotated[int, typer.Option(help="Optimizer steps.")] = DEFAULT.iterations,
    batch_size: Annotated[int, typer.Option(help="Images an iteration.")] = DEFAULT.batch_size,
    guidance: Annotated[
        float, typer.Option(help="Guidance scale that will be sampled with.")
    ] = DEFAULT.guidance,
    heads: Annotated[
        int | None, typer.Option(help="Attention heads, for a .pt that is no preset.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = DEFAULT.seed,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or mps.")] = None,
) -> None:
    """Learn when each module of a DiT may be reused.

    Example: lazydit learn dit.safetensors --target-ratio 0.3 --out 10.safetensors

    Ctrl-C keeps the state beside the gate file; the same command then goes on. Several GPUs:
    torchrun --nproc-per-node 4 -m lazydit.cli learn ...
    """
    recipe = LearnRecipe(
        steps=steps,
        target_ratio=target_ratio,
        penalty_attn=penalty_attn,
        penalty_mlp=penalty_mlp,
        max_reuse=max_reuse,
        iterations=iterations,
        batch_size=batch_size,
        guidance=guidance,
        seed=seed,
    )
    model = load_checkpoint(checkpoint, heads)
    images: LabelledImages | None = None
    if data != SELF:
        images = open_images(data, model.config.input_size)
    workers = Workers.join(device)
    with progress_bar("learning", iterations, workers.main) as show:
        ratio = learning.learn(
            model, images, recipe, out, workers, lambda now: show(now.iteration, describe(now))
        )
    workers.leave()
    if workers.main:
        typer.echo(f"wrote {out}, measured lazy ratio {ratio:.3f}")


def describe(progress: LearnProgress) -> str:
    """What stands beside the progress bar."""
    if progress.drawn is not None:
        return f"drawing training images: {progress.drawn}"
    if progress.settling:
        return f"settling at lazy ratio {progress.lazy_ratio:.2f}, round {progress.settling}"
    return f"loss {progress.loss:.2e}, lazy ratio {progress.lazy_ratio:.2f}"
