"""`lazydit generate`: images of labels and seeds, policies side by side."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import fmean
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from lazydit.errors import LazyDiTError
from lazydit.files import check_writable, replace_file
from lazydit.progress import progress_bar
from lazydit_runtime import planning
from lazydit_runtime._core import Step
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.commands.grid import Row, draw_grid
from lazydit_runtime.commands.numbers import parse_numbers
from lazydit_runtime.commands.policy_options import PolicyOptions
from lazydit_runtime.pipeline import OnStep, Pipeline, Request
from lazydit_runtime.results import Result, write_traces

DEFAULT_BUNDLE = Path("lazydit-android")
_MOST_LABELS = 10


def generate(
    bundle: Annotated[
        Path, typer.Argument(help="The bundle that lazydit-export wrote.")
    ] = DEFAULT_BUNDLE,
    label: Annotated[
        list[str] | None,
        typer.Option(help="Labels, for example 7 or 0-9 or 1,3,5; the first ten if left out."),
    ] = None,
    seed: Annotated[
        list[str] | None, typer.Option(help="Seeds of the noise, for example 5 or 0-3; 0.")
    ] = None,
    policy: Annotated[
        list[str] | None,
        typer.Option(help="always, lazy, every-n or schedule; repeat it to compare; lazy."),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Steps; the bundle's default if left out.")
    ] = None,
    guidance: Annotated[
        float | None, typer.Option(help="Scale of guidance; 1 is none, which halves the work.")
    ] = None,
    gates: Annotated[
        str | None, typer.Option(help="lazy: the gate set, for example 10-r30.")
    ] = None,
    threshold: Annotated[
        str | None,
        typer.Option(
            help="lazy: run a module iff its score reaches it; 0.5, or 0.5,0.4 (attn,mlp)."
        ),
    ] = None,
    max_reuse: Annotated[
        int | None,
        typer.Option(min=0, help="Most reuses of a module in a row; 0 is no limit."),
    ] = None,
    every: Annotated[int | None, typer.Option(help="every-n: run at every n-th step; 2.")] = None,
    schedule: Annotated[
        Path | None,
        typer.Option(help="schedule: a JSON mask, or a trace whose decisions are repeated."),
    ] = None,
    lazy_ratio: Annotated[
        float | None,
        typer.Option(help="lazy: the share of modules to reuse, for example 0.4; 0 is always."),
    ] = None,
    extrapolate: Annotated[
        bool | None,
        typer.Option(
            "--extrapolate/--hold",
            help="Extrapolate a reused output from the last two, or hold the last; as the gate set "
            "or the schedule has it if left out.",
            show_default=False,
        ),
    ] = None,
    executor: Annotated[
        str | None,
        typer.Option(
            help="The engine, such as torch or onnxruntime:CUDAExecutionProvider; the target's own."
        ),
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="torch: the weights that the bundle was made from.")
    ] = None,
    trace: Annotated[
        Path | None, typer.Option(help="Write every decision to this JSON file.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The PNG to write.")] = Path(
        "lazydit.png"
    ),
) -> None:
    """Generate images, a column per label and a row per policy and seed.

    Example: lazydit generate --label 0-9 --steps 10 --policy always --policy lazy
    """
    check_writable(out, ".png")
    if trace is not None:
        check_writable(trace, ".json")
    options = PolicyOptions(gates, threshold, max_reuse, every, schedule, extrapolate, lazy_ratio)
    policies = options.policies(policy or ["lazy"])
    seeds = parse_numbers(seed or ["0"], "--seed")
    with Pipeline.load(bundle, executor, checkpoint=checkpoint) as pipeline:
        _check_image(pipeline.bundle)
        every_label = f"0-{min(_MOST_LABELS, pipeline.num_classes) - 1}"
        labels = parse_numbers(label or [every_label], "--label")
        if gates is not None and steps is None:
            # All rows then show the same step count.
            steps = pipeline.bundle.gate_set(gates).steps
        requests = [
            Request(label=number, seed=noise, steps=steps, guidance=guidance, policy=chosen)
            for chosen in policies
            for noise in seeds
            for number in labels
        ]
        with _progress(pipeline.bundle, requests) as on_step:
            results = pipeline.generate_all(requests, on_step)
    _write_grid(out, results, labels)
    if trace is not None:
        write_traces(trace, results)
    _report(results, len(labels) * len(seeds))
    typer.echo(f"wrote {out}" + (f" and {trace}" if trace is not None else ""))


def _check_image(bundle: Bundle) -> None:
    if bundle.manifest.model.image is None:
        raise LazyDiTError(
            f"{bundle.directory} has no decode program, so there is no image to write: "
            "use Pipeline.generate in Python and take the latent"
        )


def _write_grid(out: Path, results: Sequence[Result], labels: Sequence[int]) -> None:
    """One row for every run of results with the same policy and seed."""
    groups = [results[start : start + len(labels)] for start in range(0, len(results), len(labels))]
    rows = [Row(_caption(group), [result.image for result in group]) for group in groups]
    grid = draw_grid(rows, [str(label) for label in labels])
    replace_file(out, lambda temporary: grid.save(temporary, format="PNG"))


@contextmanager
def _progress(bundle: Bundle, requests: Sequence[Request]) -> Iterator[OnStep]:
    """A bar over the steps of all requests, which shows the lazy ratio so far."""
    total = sum(
        planning.resolve(bundle, request.steps, request.guidance, request.policy).steps
        for request in requests
    )
    done = reached = reused = 0
    with progress_bar("generating", total, shown=True) as show:

        def on_step(step: Step) -> None:
            nonlocal done, reached, reused
            done, reached, reused = done + 1, reached + step.reached, reused + step.reused
            show(done, f"{reused / reached:.0%} reused")

        yield on_step


def _caption(row: Sequence[Result]) -> str:
    first = row[0]
    ratio = fmean(result.lazy_ratio for result in row)
    lines = [first.policy, first.gates, f"seed {first.seed}", f"{ratio:.0%} reused"]
    return "\n".join(line for line in lines if line)


def _report(results: Sequence[Result], per_policy: int) -> None:
    """A table of what each policy took; its results stand together, `per_policy` of them."""
    table = Table("policy", "gates", "steps", "lazy ratio", "ms per image", "ms per step")
    for start in range(0, len(results), per_policy):
        group = results[start : start + per_policy]
        first = group[0]
        image_ms = fmean(result.timings.total_ms for result in group)
        table.add_row(
            first.policy,
            first.gates or "",
            str(first.steps),
            f"{fmean(result.lazy_ratio for result in group):.1%}",
            f"{image_ms:.1f}",
            f"{image_ms / first.steps:.2f}",
        )
    Console().print(table)
