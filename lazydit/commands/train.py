"""`lazydit train`: a DiT from a folder of images."""

from pathlib import Path
from typing import Annotated

import typer

from lazydit import training
from lazydit.data import open_images
from lazydit.distributed import Workers
from lazydit.models.dit import DiTConfig
from lazydit.progress import progress_bar
from lazydit.states import state_path

DEFAULT = training.TrainRecipe()


def train(
    data: Annotated[str, typer.Option(help="A folder of class folders, or digits.")] = "digits",
    out: Annotated[Path, typer.Option(help="The checkpoint to write.")] = Path("dit.safetensors"),
    size: Annotated[int, typer.Option(help="Height and width of the images.")] = 32,
    patch: Annotated[int, typer.Option(help="Patch size.")] = 4,
    width: Annotated[int, typer.Option(help="Width.")] = 128,
    depth: Annotated[int, typer.Option(help="Number of blocks.")] = 6,
    heads: Annotated[int, typer.Option(help="Attention heads.")] = 4,
    steps: Annotated[int, typer.Option(help="Optimizer steps.")] = DEFAULT.steps,
    batch_size: Annotated[int, typer.Option(help="Images a step.")] = DEFAULT.batch_size,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = DEFAULT.seed,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or mps.")] = None,
) -> None:
    """Train a DiT on labelled images.

    Example: lazydit train --data digits --out dit.safetensors

    Ctrl-C keeps the state beside the checkpoint; the same command then goes on. Several GPUs:
    torchrun --nproc-per-node 4 -m lazydit.cli train ...
    """
    images = open_images(data, size)
    config = DiTConfig(
        input_size=size,
        patch_size=patch,
        in_channels=images.channels,
        width=width,
        depth=depth,
        heads=heads,
        num_classes=images.num_classes,
        learn_sigma=False,
    )
    recipe = training.TrainRecipe(steps=steps, batch_size=batch_size, seed=seed)
    workers = Workers.join(device)
    with progress_bar("training", steps, workers.main) as show:

        def report(progress: training.TrainProgress) -> None:
            show(progress.step, f"loss {progress.loss:.4f}")

        try:
            training.train(config, images, recipe, out, workers, report)
        except KeyboardInterrupt:
            if workers.main and state_path(out).exists():
                typer.echo(f"the state is kept in {state_path(out)}", err=True)
            raise
    workers.leave()
    if workers.main:
        typer.echo(f"wrote {out}")
