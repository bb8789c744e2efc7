"""How much time laziness saves: every policy against plain DDIM, measured side by side.

Example: python benchmarks/latency.py --bundle lazydit-android --device --steps 10,20 -o md
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import statistics
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from lazydit.errors import LazyDiTError
from lazydit_runtime import Pipeline
from lazydit_runtime.executors import executor_for
from measurement import Case, Measurement, Samples, equal_latency_steps, interleave, summarize
from table import markdown, to_csv, to_json

PILOT_ROUNDS = 3


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--device",
        nargs="?",
        const="host",
        default="host",
        metavar="NAME",
        help="where to measure; without a value this machine, 'host', the one device known so far",
    )
    parser.add_argument(
        "--bundle", type=Path, default=Path("lazydit-android"), help="what lazydit-export wrote"
    )
    parser.add_argument(
        "--steps", type=step_counts, default=[10, 20], help="step counts, for example 10,20"
    )
    parser.add_argument("--rounds", type=positive, default=20, help="images per policy")
    parser.add_argument("--threads", type=positive, default=None, help="of the engine")
    parser.add_argument("--executor", help="the engine; the one of the bundle's target")
    parser.add_argument("-o", "--output", choices=("md", "json", "csv"), default="md")
    return parser.parse_args(argv)


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not at least 1")
    return value


def step_counts(text: str) -> list[int]:
    return sorted({positive(part) for part in text.split(",")})


def cases_for(pipeline: Pipeline, steps: int) -> list[Case]:
    """DDIM, every gate set of this step count, and FORA's every second step."""
    gate_sets = [g.name for g in pipeline.bundle.manifest.gate_sets if g.steps == steps]
    return [
        Case("always", steps),
        *(Case("lazy", steps, name) for name in gate_sets),
        Case("every-n", steps),
    ]


def add_equal_latency_cases(pipeline: Pipeline, cases: Sequence[Case]) -> list[Case]:
    """Adds plain DDIM with the step counts that take as long as the other cases.

    A few images find those counts; the table then shows what they really took, in the same rounds.
    """
    # Lazy images take as long as half as many steps or more: a count to interpolate from.
    second = Case("always", cases[0].steps // 2 or 2)
    pilot = time_cases(pipeline, [*cases, second], PILOT_ROUNDS)
    plain = plain_image_ms(pilot)
    wanted = {
        max(1, round(equal_latency_steps(statistics.median(samples.image_ms), plain)))
        for case, samples in pilot.items()
        if case.policy != "always"
    }
    known = {case.steps for case in cases if case.policy == "always"}
    if len(wanted | known) == 1:
        wanted.add(second.steps)
    return [*cases, *(Case("always", steps) for steps in sorted(wanted - known))]


def plain_image_ms(timed: dict[Case, Samples]) -> dict[int, float]:
    return {
        case.steps: statistics.median(samples.image_ms)
        for case, samples in timed.items()
        if case.policy == "always"
    }


def time_cases(pipeline: Pipeline, cases: Sequence[Case], rounds: int) -> dict[Case, Samples]:
    timed = {case: Samples() for case in cases}
    results = interleave(pipeline, cases, rounds)
    console = Console(stderr=True)
    total = rounds * len(timed)
    for case, result in track(results, "timing", total=total, console=console, transient=True):
        timed[case].add(result)
    return timed


def measure(pipeline: Pipeline, step_list: Sequence[int], rounds: int) -> list[Measurement]:
    """Times all cases of all step counts in the same rounds, after one image each to warm up."""
    cases = [case for steps in step_list for case in cases_for(pipeline, steps)]
    cases = add_equal_latency_cases(pipeline, cases)
    timed = time_cases(pipeline, cases, rounds)
    plain = plain_image_ms(timed)
    order = sorted(timed, key=lambda case: (case.steps, case.policy != "always", case.name))
    return [summarize(case, timed[case], plain) for case in order]


def row(measurement: Measurement) -> dict[str, Any]:
    """A flat line of the table; times in milliseconds, those of programs per image."""
    line = asdict(measurement)
    kinds = line.pop("kind_ms")
    return line | {f"{kind}_ms": value for kind, value in kinds.items()}


def about(arguments: argparse.Namespace, pipeline: Pipeline) -> dict[str, Any]:
    return {
        "device": "host",
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "system": platform.platform(),
        "model": pipeline.bundle.manifest.model.name,
        "target": pipeline.bundle.manifest.target,
        "precision": pipeline.bundle.manifest.precision,
        "executor": arguments.executor or executor_for(pipeline.bundle.manifest.target),
        "threads": arguments.threads,
        "rounds": arguments.rounds,
    }


def print_table(output: str, facts: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    if output == "json":
        print(to_json(rows, facts))
    elif output == "csv":
        print(to_csv(rows))
    else:
        print(", ".join(f"{key} {value}" for key, value in facts.items() if value is not None))
        print(f"\n{markdown([short_row(line) for line in rows])}\n")
        print("ms: medians; ddim steps: how many steps of plain DDIM take as long as the image")


def short_row(line: dict[str, Any]) -> dict[str, Any]:
    """A line that fits a terminal: short headers, no decoder where there is none."""
    unit = re.compile(r"^(condition|embed|attn|mlp|block|reuse|final|decode|scheduler)_ms$")
    kept = {name: value for name, value in line.items() if name != "decode_ms" or value > 0}
    return {unit.sub(r"\1", name).replace("_", " "): value for name, value in kept.items()}


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    try:
        if arguments.device != "host":
            raise LazyDiTError(
                f"device '{arguments.device}' is not known: leave it out to measure this machine"
            )
        pipeline = Pipeline.load(
            arguments.bundle, executor=arguments.executor, threads=arguments.threads
        )
        measurements = measure(pipeline, arguments.steps, arguments.rounds)
        facts = about(arguments, pipeline)
        print_table(arguments.output, facts, [row(m) for m in measurements])
    except LazyDiTError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
