"""`lazydit report`: all that is known of a bundle, on one HTML page."""

from pathlib import Path
from typing import Annotated

import typer

from lazydit.files import check_writable
from lazydit_runtime.commands.numbers import parse_numbers

_DEFAULT_BUNDLE = Path("lazydit-android")
_MOST_LABELS = 5


def report(
    bundle: Annotated[
        Path, typer.Argument(help="The bundle that lazydit-export wrote.")
    ] = _DEFAULT_BUNDLE,
    quality: Annotated[
        Path | None, typer.Option(help="What benchmarks/quality.py -o json printed.")
    ] = None,
    analysis: Annotated[
        Path | None, typer.Option(help="The analysis.json that lazydit analyze wrote.")
    ] = None,
    latency: Annotated[
        Path | None, typer.Option(help="What benchmarks/latency.py -o json printed.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Steps of the images; the bundle's default.")
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(help="Labels of the images, for example 0-9; the first five if left out."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed of the images' noise.")] = 0,
    executor: Annotated[
        str | None, typer.Option(help="The engine that draws; the target's own.")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", help="The page to write.")] = Path(
        "lazydit-report.html"
    ),
) -> None:
    """Write one self-contained HTML page about a bundle.

    It draws the images and maps of decisions itself; quality, analysis and latency come from the
    files given, and the page says how to make those that are left out.

    Example: lazydit report lazydit-android --quality quality.json --latency latency.json
    """
    check_writable(out, ".html")
    # Imported here, since plots take seconds to load and a wrong path should be told at once.
    from lazydit_runtime.pipeline import Pipeline
    from lazydit_runtime.report.build import Measured, build_report
    from lazydit_runtime.report.page import write_page

    measured = Measured.read(quality=quality, analysis=analysis, latency=latency)
    with Pipeline.load(bundle, executor) as pipeline:
        measured.check(pipeline.bundle)
        most = min(_MOST_LABELS, pipeline.num_classes) - 1
        labels = parse_numbers(label or [f"0-{most}"], "--label")
        page = build_report(pipeline, measured, steps=steps, labels=labels, seed=seed)
    write_page(page, out)
    typer.echo(f"wrote {out}")
