"""The command line of quality.py."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from arguments import Parser, add_cache, executor, one_of, positive, ratio, several
from lazydit.errors import LazyDiTError
from lazydit.files import check_writable

POLICIES = ("lazy", "every-n", "skip")
OUTPUTS = ("md", "json", "csv")
EXTRAPOLATE = {"no": (False,), "yes": (True,), "both": (False, True)}

EPILOG = """
examples:
  python benchmarks/quality.py --steps 10,20 --plot quality.svg
  python benchmarks/quality.py --executor executorch --images 300 -o json > quality.json
  python benchmarks/quality.py --bundle my-bundle --schedule mask.json --features my_net:make
  torchrun --nproc-per-node 8 benchmarks/quality.py --model DiT-XL-2-256x256.pt --steps 50 \\
    --guidance 1.5 --images 50000 --rounds 0 --decoder my_vae:make --npz samples
"""


def parse_arguments(argv: Sequence[str] | None, description: str | None) -> argparse.Namespace:
    """Raises LazyDiTError for an argument that cannot be."""
    parser = Parser(description, EPILOG)
    _add_subject(parser)
    _add_policies(parser)
    _add_images(parser)
    _add_outputs(parser)
    arguments = parser.parse_args(argv)
    for path in arguments.plot:
        check_writable(path, path.suffix if path.suffix in (".png", ".svg") else ".svg")
    if arguments.bundle is not None and arguments.gates:
        raise LazyDiTError("a bundle has its own gate sets: leave --gates out, or --bundle")
    return arguments


def _add_subject(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        help="demo (the default), dit-s-2 (random weights) or a checkpoint, drawn in PyTorch; with "
        "--bundle the checkpoint that the bundle was made of",
    )
    parser.add_argument(
        "--gates", type=several(Path), help="gate files of the checkpoint; the demo has its own"
    )
    parser.add_argument("--bundle", type=Path, help="draw with this bundle on its executor")
    parser.add_argument(
        "--executor",
        type=executor,
        help="the bundle's engine, its target's own if left out; without --bundle the model is "
        "exported for it",
    )
    parser.add_argument("--threads", type=positive, help="of the executor; by default its choice")
    parser.add_argument("--device", help="of PyTorch: cpu, cuda or mps; the best if left out")
    add_cache(parser)


def _add_policies(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--steps",
        type=several(positive),
        default=[10, 20],
        help="step counts of all policies but always, such as 10,20",
    )
    parser.add_argument(
        "--plain",
        type=several(positive),
        help="step counts of always, plain DDIM; if left out, 40 to 100 %% of those of the others",
    )
    parser.add_argument(
        "--policies",
        type=several(one_of(POLICIES)),
        default=list(POLICIES),
        help="beside always: lazy (every gate set), every-n, skip (whole steps); all if left out",
    )
    parser.add_argument(
        "--ratio", type=several(ratio), help="target ratios of the gate sets, all if left out"
    )
    parser.add_argument(
        "--skipped",
        type=several(ratio),
        default=[0.2, 0.3, 0.4],
        help="shares of the steps that skip reuses, such as 0.2,0.3",
    )
    parser.add_argument(
        "--every", type=several(positive), default=[2], help="every-n: run at every n-th step"
    )
    parser.add_argument(
        "--schedule",
        type=several(Path),
        default=[],
        help="JSON masks, such as lazydit calibrate writes; each has its own step count",
    )
    parser.add_argument(
        "--extrapolate",
        choices=tuple(EXTRAPOLATE),
        help="whether every-n and skip extrapolate what they reuse; both where the engine can",
    )


def _add_images(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--images", type=positive, default=300, help="per policy")
    parser.add_argument("--batch", type=positive, default=50, help="images drawn at a time")
    parser.add_argument("--seed", type=_seed, default=0, help="of the first image's noise")
    parser.add_argument("--guidance", type=_guidance, default=3.0, help="1 is none; 3 if left out")
    parser.add_argument(
        "--reference-steps", type=positive, default=100, help="of the DDIM that errors are to"
    )
    parser.add_argument(
        "--features",
        metavar="MODULE:FUNCTION",
        help="a function that returns the feature network, or digits; the demo has its own",
    )
    parser.add_argument(
        "--real",
        metavar="DIR",
        help="real images for the Frechet distance, in class folders; the reference's if left out",
    )
    parser.add_argument(
        "--decoder",
        metavar="MODULE:FUNCTION",
        help="a function that returns the decoder of latents to images in [-1, 1]",
    )
    parser.add_argument(
        "--rounds", type=_count, default=20, help="images timed per policy; 0 times none"
    )
    parser.add_argument(
        "--clock",
        choices=("wall", "processor"),
        default="wall",
        help="what is timed; processor time of all threads, best with --threads 1, where other "
        "work keeps the machine busy",
    )


def _add_outputs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--work",
        type=Path,
        default=Path("quality-work"),
        metavar="DIR",
        help="keeps what was drawn, so that the same command goes on; by default %(default)s",
    )
    parser.add_argument("-o", "--output", choices=OUTPUTS, default="md")
    parser.add_argument(
        "--plot",
        type=several(Path),
        default=[],
        metavar="FILE",
        help="draw quality against cost into .svg or .png files",
    )
    parser.add_argument(
        "--npz", type=Path, metavar="DIR", help="write each policy's samples for ADM's evaluator"
    )


def _guidance(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text} is not a number")
    return value


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**63:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 0")
    return int(text)


def _count(text: str) -> int:
    return 0 if text == "0" else positive(text)
