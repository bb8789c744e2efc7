"""`lazydit calibrate`: a schedule of reuse for one step count, without training."""

from pathlib import Path
from typing import Annotated

import typer

from lazydit.calibration import calibrator
from lazydit.calibration.calibrator import CalibrationRecipe
from lazydit.checkpoints import load_checkpoint
from lazydit.distributed import Workers
from lazydit.progress import progress_bar

DEFAULT = CalibrationRecipe()
UNITS = 1000


def calibrate(
    checkpoint: Annotated[Path, typer.Argument(help="The model: .safetensors or a published .pt.")],
    out: Annotated[Path, typer.Option(help="The schedule to write, a .json file.")],
    steps: Annotated[int, typer.Option(help="Sampling steps.")] = DEFAULT.steps,
    target_ratio: Annotated[
        float, typer.Option(help="The lazy ratio to reach.")
    ] = DEFAULT.target_ratio,
    max_reuse: Annotated[
        int, typer.Option(help="Most steps in a row that one module may be reused; 0: no limit.")
    ] = DEFAULT.max_reuse or 0,
    extrapolate: Annotated[
        bool, typer.Option(help="Extrapolate what is reused from the last two outputs.")
    ] = DEFAULT.extrapolate,
    images: Annotated[int, typer.Option(help="Images to measure on.")] = DEFAULT.images,
    rounds: Annotated[
        int, typer.Option(help="How often all changes of the schedule are measured again.")
    ] = DEFAULT.rounds,
    guidance: Annotated[
        float, typer.Option(help="Guidance scale that will be sampled with.")
    ] = DEFAULT.guidance,
    heads: Annotated[
        int | None, typer.Option(help="Attention heads, for a .pt that is no preset.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of everything random.")] = DEFAULT.seed,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or mps.")] = None,
) -> None:
    """Find out which modules of a DiT to reuse at which step, without training.

    Example: lazydit calibrate dit.safetensors --target-ratio 0.3 --out 10.json

    Ctrl-C keeps the state beside the schedule; the same command then goes on. Several GPUs:
    torchrun --nproc-per-node 4 -m lazydit.cli calibrate ...
    """
    recipe = CalibrationRecipe(
        steps=steps,
        target_ratio=target_ratio,
        max_reuse=max_reuse or None,
        extrapolate=extrapolate,
        images=images,
        rounds=rounds,
        guidance=guidance,
        seed=seed,
    )
    model = load_checkpoint(checkpoint, heads)
    workers = Workers.join(device)
    with progress_bar("calibrating", UNITS, workers.main) as show:
        result = calibrator.calibrate(
            model, recipe, out, workers, lambda now: show(round(UNITS * now.share), now.text)
        )
    workers.leave()
    if workers.main:
        ratio = 1.0 - float(result.policy.run.float().mean())
        typer.echo(f"wrote {out}, lazy ratio {ratio:.3f}, error {result.error:.4f}")
