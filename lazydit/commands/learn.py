"""`lazydit learn`: the gates of a DiT for one step count."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from lazydit.calibration.calibrator import CalibrationRecipe
from lazydit.checkpoints import load_checkpoint
from lazydit.data import LabelledImages, open_images
from lazydit.distributed import Workers
from lazydit.errors import LazyDiTError
from lazydit.learning import learner
from lazydit.learning.recipes import LearnRecipe, PaperRecipe, TrajectoryRecipe
from lazydit.progress import progress_bar

PAPER = PaperRecipe(steps=10)
SELF = "self"
UNITS = 1000


class RecipeName(StrEnum):
    """The recipes by name."""

    trajectory = "trajectory"
    paper = "paper"


def learn(
    checkpoint: Annotated[Path, typer.Argument(help="The model: .safetensors or a published .pt.")],
    out: Annotated[Path, typer.Option(help="The gate file to write.")],
    recipe: Annotated[
        RecipeName,
        typer.Option(
            help="trajectory: whole ones, from a calibrated schedule; paper: as published."
        ),
    ] = RecipeName.trajectory,
    steps: Annotated[int, typer.Option(help="Sampling steps that the gates are for.")] = 10,
    target_ratio: Annotated[
        float | None, typer.Option(help="trajectory: the lazy ratio to reach; 0.3 if not given.")
    ] = None,
    max_reuse: Annotated[
        int | None,
        typer.Option(
            help="trajectory: most steps in a row that one module may be reused; 1 if not given, "
            "0: no limit."
        ),
    ] = None,
    hold: Annotated[
        bool, typer.Option("--hold", help="trajectory: reuse outputs as they are.")
    ] = False,
    images: Annotated[
        int | None, typer.Option(help="trajectory: images to calibrate the schedule with.")
    ] = None,
    rounds: Annotated[
        int | None,
        typer.Option(help="trajectory: how often all changes of the schedule are measured again."),
    ] = None,
    penalty_attn: Annotated[
        float | None, typer.Option(help="paper: what a score of 1 costs, for attention.")
    ] = None,
    penalty_mlp: Annotated[
        float | None, typer.Option(help="paper: what a score of 1 costs, for feedforward.")
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="paper: a folder of class folders, digits, or self: drawn by the model."),
    ] = None,
    iterations: Annotated[
        int | None, typer.Option(help="Optimizer steps; the recipe's own number if not given.")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Images an iteration; the recipe's own if not given.")
    ] = None,
    guidance: Annotated[
        float, typer.Option(help="Guidance scale that will be sampled with.")
    ] = PAPER.guidance,
    heads: Annotated[
        int | None, typer.Option(help="Attention heads, for a .pt that is no preset.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = PAPER.seed,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or mps.")] = None,
) -> None:
    """Learn when each module of a DiT may be reused.

    Example: lazydit learn dit.safetensors --target-ratio 0.3 --out 10.safetensors

    Ctrl-C keeps the state beside the gate file; the same command then goes on. Several GPUs:
    torchrun --nproc-per-node 4 -m lazydit.cli learn ...
    """
    general = {"guidance": guidance, "seed": seed, "steps": steps}
    work = {"iterations": iterations, "batch_size": batch_size}
    of_trajectory = {
        "target_ratio": target_ratio,
        "max_reuse": max_reuse,
        "images": images,
        "rounds": rounds,
    }
    of_paper = {"penalty_attn": penalty_attn, "penalty_mlp": penalty_mlp}
    chosen: LearnRecipe
    if recipe is RecipeName.paper:
        _check_unused(recipe, of_trajectory | {"hold": hold or None})
        chosen = PaperRecipe(**_given(general | work | of_paper))
    else:
        _check_unused(recipe, of_paper | {"data": data})
        calibration = _given(general | of_trajectory) | {"extrapolate": not hold}
        if max_reuse == 0:
            calibration["max_reuse"] = None
        chosen = TrajectoryRecipe(calibration=CalibrationRecipe(**calibration), **_given(work))
    model = load_checkpoint(checkpoint, heads)
    training: LabelledImages | None = None
    if data is not None and data != SELF:
        training = open_images(data, model.config.input_size)
    workers = Workers.join(device)
    with progress_bar("learning", UNITS, workers.main) as show:
        ratio = learner.learn(
            model,
            training,
            chosen,
            out,
            workers,
            lambda now: show(round(UNITS * now.share), now.text),
        )
    workers.leave()
    if workers.main:
        typer.echo(f"wrote {out}, measured lazy ratio {ratio:.3f}")


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _check_unused(recipe: RecipeName, options: dict[str, Any]) -> None:
    """Raises LazyDiTError when an option of the other recipe was given."""
    for name in _given(options):
        option = name.replace("_", "-")
        raise LazyDiTError(f"--{option} is not for the recipe {recipe}: leave it out")
