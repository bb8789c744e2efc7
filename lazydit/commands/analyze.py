"""`lazydit analyze`: the paper's analysis on any DiT checkpoint."""

from pathlib import Path
from typing import Annotated

import typer

from lazydit.analysis.run import AnalysisRecipe, AnalysisRun
from lazydit.analysis.schema import FILE_NAME
from lazydit.checkpoints import checkpoint_sha256, load_checkpoint
from lazydit.demo import demo_checkpoint, demo_gates
from lazydit.distributed import choose_device
from lazydit.errors import LazyDiTError
from lazydit.files import sha256
from lazydit.gates import GateSet, load_gates
from lazydit.progress import progress_bar
from lazydit.sampling import DEFAULT_GUIDANCE
from lazydit.states import state_path


def analyze(
    checkpoint: Annotated[
        Path | None, typer.Argument(help="The model; the demo model if left out.")
    ] = None,
    gates: Annotated[
        list[Path] | None, typer.Option(help="A file of gates for it; may be given repeatedly.")
    ] = None,
    steps: Annotated[int, typer.Option(help="Sampling steps.")] = 10,
    images: Annotated[int, typer.Option(help="Images to draw.")] = 100,
    out: Annotated[Path, typer.Option(help="The folder to make.")] = Path("lazydit-analysis"),
    guidance: Annotated[float, typer.Option(help="Guidance scale.")] = DEFAULT_GUIDANCE,
    batch_size: Annotated[int, typer.Option(help="Images drawn at a time.")] = 20,
    heads: Annotated[
        int | None, typer.Option(help="Attention heads, for a .pt that is no preset.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the noise.")] = 0,
    device: Annotated[str | None, typer.Option(help="cpu, cuda or mps.")] = None,
) -> None:
    """Measure what LazyDiT's theory says of a DiT, and what its gates do.

    Example: lazydit analyze dit.safetensors --gates 10.safetensors

    Ctrl-C keeps the state beside the folder; the same command then goes on.
    """
    path = checkpoint or demo_checkpoint()
    model = load_checkpoint(path, heads)
    files = list(gates or []) or ([] if checkpoint else _demo_gates(steps))
    gate_sets = _gate_sets(files, steps)
    recipe = AnalysisRecipe(
        model=path.stem,
        sha256=checkpoint_sha256(path),
        gates_sha256=tuple(sha256(file) for file in files),
        steps=steps,
        images=images,
        batch_size=batch_size,
        guidance=guidance,
        seed=seed,
    )
    run = AnalysisRun(model, gate_sets, recipe, out, choose_device(device))
    try:
        with progress_bar("analysing", run.total, True) as show:
            run.finish(show)
    except KeyboardInterrupt:
        if state_path(out).exists():
            typer.echo(f"the state is kept in {state_path(out)}", err=True)
        raise
    if not gate_sets:
        typer.echo("no gates were given: laziness and penalties are left out")
    typer.echo(f"wrote {out / FILE_NAME} and the plots beside it")


def _demo_gates(steps: int) -> list[Path]:
    return [file for file in demo_gates() if file.stem.startswith(f"{steps}-")]


def _gate_sets(files: list[Path], steps: int) -> list[GateSet]:
    """The gate sets for so many steps."""
    found = []
    for file in files:
        sets = load_gates(file)
        fitting = [gates for gates in sets if gates.steps == steps]
        if not fitting:
            counts = " and ".join(str(count) for count in sorted({gates.steps for gates in sets}))
            raise LazyDiTError(
                f"{file} has gates for {counts} steps and none for {steps}: "
                "choose --steps among those"
            )
        found += fitting
    return found
