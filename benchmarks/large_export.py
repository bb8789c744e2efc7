"""Exports a large DiT with random weights and runs one guided step of it: memory and time of both.

Exits with 1 where a bar is missed. Linux only.

Example: python benchmarks/large_export.py --model DiT-XL/2 --precision int8
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from lazydit.models.dit import PRESETS
from table import markdown

GIB = 2**30
MEGABYTE = 1e6
EXPORT_BYTES = 16 * GIB
EXPORT_SECONDS = 20 * 60
STEP_OVER_WEIGHTS = 1.2
"""How many times its weight files a step may take, beside its activations."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class Row:
    """One line of the table; `most` is the bar."""

    what: str
    measured: float
    most: float

    @property
    def reached(self) -> bool:
        return self.measured <= self.most


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", choices=sorted(PRESETS), default="DiT-XL/2")
    parser.add_argument("--precision", choices=("fp32", "fp16", "int8", "int4"), default="int8")
    parser.add_argument(
        "--checkpoints",
        type=Path,
        default=Path.home() / ".cache" / "lazydit" / "benchmarks",
        help="folder where the random checkpoint stays for the next run",
    )
    return parser.parse_args(argv)


def make_checkpoint(model: str, path: Path) -> None:
    """Writes the published model of 256 px images with random weights, adaLN and head included."""
    import torch

    from lazydit.checkpoints import save_checkpoint
    from lazydit.models.dit import DiT, DiTConfig

    preset = PRESETS[model]
    torch.manual_seed(0)
    dit = DiT(
        DiTConfig(
            input_size=32,
            patch_size=preset.patch_size,
            in_channels=4,
            width=preset.width,
            depth=preset.depth,
            heads=preset.heads,
            num_classes=1000,
            learn_sigma=True,
        )
    )
    for name, parameter in dit.named_parameters():
        if "adaLN" in name or name.startswith("final_layer"):
            parameter.data.normal_(std=0.02)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_checkpoint(dit, path)


def run_export(checkpoint: Path, precision: str, out: Path) -> list[Row]:
    """Runs lazydit-export to its end."""
    command = ["lazydit-export", str(checkpoint), "--target", "android", "--out", str(out)]
    start = time.monotonic()
    process = subprocess.Popen([*command, "--precision", precision], stdout=sys.stderr)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"error: the export failed with exit code {process.returncode}: see above")
    return [
        Row("export, peak MB", usage.ru_maxrss * 1024 / MEGABYTE, EXPORT_BYTES / MEGABYTE),
        Row("export, seconds", seconds, EXPORT_SECONDS),
    ]


def guided_step(bundle: Path) -> Row:
    """Loads the bundle and runs one step with guidance; Python, imported before, is not counted."""
    from lazydit_runtime import Pipeline
    from resident import peak_growth

    activations = 0

    def draw() -> None:
        nonlocal activations
        with Pipeline.load(bundle) as pipeline:
            pipeline.generate(0, steps=1, policy="always")
            activations = pipeline.memory(1, "always").total

    grown = peak_growth(draw)
    weights = sum(path.stat().st_size for path in bundle.rglob("*.pte"))
    most = STEP_OVER_WEIGHTS * weights + activations
    return Row("one guided step, peak MB over Python's", grown / MEGABYTE, most / MEGABYTE)


def in_child(work: Callable[..., Result], *arguments: Any) -> Result:
    """Calls `work` in a process of its own, whose memory is nothing but the work's."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parse_arguments(argv)
    # Packed weights that an earlier run has left would make the numbers better.
    os.environ["LAZYDIT_WEIGHT_CACHE"] = "off"
    checkpoint = arguments.checkpoints / f"{arguments.model.replace('/', '-')}.safetensors"
    if not checkpoint.is_file():
        in_child(make_checkpoint, arguments.model, checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        bundle = Path(folder) / "bundle"
        rows = run_export(checkpoint, arguments.precision, bundle)
        rows.append(in_child(guided_step, bundle))
    print(f"{arguments.model}, {arguments.precision}, {os.cpu_count()} processors\n")
    print(
        markdown(
            [
                {
                    "what": row.what,
                    "measured": row.measured,
                    "at most": row.most,
                    "reached": "yes" if row.reached else "no",
                }
                for row in rows
            ]
        )
    )
    return 0 if all(row.reached for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
