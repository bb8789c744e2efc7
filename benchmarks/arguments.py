"""The command line of latency.py."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar

from apple.swift import TARGETS as SWIFT
from attached import ATTACHED, HOST
from bundles import default_cache
from lazydit.errors import LazyDiTError
from lazydit_runtime.executors import executor_names
from lazydit_runtime.policies import POLICY_NAMES
from protocol import PEERS

PRECISIONS = ("fp32", "fp16", "int8", "int4")
OUTPUTS = ("md", "json", "jsonl", "csv")

T = TypeVar("T")

EPILOG = """
examples:
  python benchmarks/latency.py --bundle lazydit-android --device --steps 10,20
  python benchmarks/latency.py --model dit-s-2 --steps 10 --rounds 9 -o json > now.json
  python benchmarks/latency.py --model dit-s-2 --threads 1,2 --executor executorch,onnxruntime
  python benchmarks/latency.py --device android --bench build/android/lazydit-bench --threads 2,4
  python benchmarks/latency.py --device ios --steps 10,20 --rounds 10
  python benchmarks/latency.py --device mac --bundle lazydit-ios --steps 10,20
"""


class Parser(argparse.ArgumentParser):
    """Says in one sentence what is wrong, without the usage; options have one spelling."""

    def __init__(self, description: str | None, epilog: str) -> None:
        super().__init__(
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        raise LazyDiTError(f"{message}: see --help")


def parse_arguments(argv: Sequence[str] | None, description: str | None) -> argparse.Namespace:
    """Raises LazyDiTError for an argument that cannot be."""
    parser = Parser(description, EPILOG)
    add_subject(parser)
    add_phone(parser)
    add_sweeps(parser)
    parser.add_argument("--rounds", type=positive, default=20, help="images per case")
    parser.add_argument("-o", "--output", choices=OUTPUTS, default="md")
    parser.add_argument(
        "--compare", type=Path, metavar="OLD.json", help="an older run's -o json to compare with"
    )
    return parser.parse_args(argv)


def add_subject(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device",
        nargs="?",
        const=ATTACHED,
        default=HOST,
        metavar="NAME",
        help="where to measure: host, which is this machine and the default, mac, which is it with "
        "Core ML from Python and from Swift, android, or ios, which is the demo app on an iPhone; "
        "without a value an Android phone if one is attached",
    )
    parser.add_argument(
        "--model",
        help="demo (the default), dit-s-2 (256 px, random weights) or a checkpoint, exported here; "
        "with --bundle the checkpoint that the bundle was made of",
    )
    parser.add_argument("--bundle", type=Path, help="what lazydit-export wrote, as it is")
    add_cache(parser)
    parser.add_argument(
        "--peers",
        type=peers,
        help=f"none, all, or of {', '.join(PEERS)}; all for dit-s-2, else none",
    )


def add_cache(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cache",
        type=Path,
        default=default_cache(),
        metavar="DIR",
        help="where exports are kept for the next run; by default %(default)s",
    )


def add_phone(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("a phone, over adb or Xcode's devicectl")
    group.add_argument(
        "--serial",
        help="which, where several are attached: see adb devices; an iPhone's UDID or name, see "
        "xcrun devicectl list devices",
    )
    group.add_argument(
        "--bench",
        type=Path,
        metavar="PATH",
        help="lazydit-bench for the Android phone, build/android/lazydit-bench if left out; with "
        "Swift on this machine lazydit-bench-apple, build/apple/lazydit-bench-apple if left out",
    )
    group.add_argument(
        "--app",
        action="store_true",
        help="on Android, measure inside the demo app instead of lazydit-bench",
    )
    group.add_argument(
        "--clean",
        action="store_true",
        help="on Android, remove bundle and lazydit-bench afterwards, which otherwise stay for the "
        "next run",
    )


def add_sweeps(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--steps", type=several(positive), default=[10, 20], help="step counts, such as 10,20"
    )
    parser.add_argument(
        "--policies",
        type=several(one_of(POLICY_NAMES)),
        default=["lazy", "every-n"],
        help="beside always, the baseline: lazy,every-n if left out",
    )
    parser.add_argument(
        "--ratio",
        type=several(ratio),
        help="target ratios of gate sets; lazy ratios of a schedule where there are no gates",
    )
    parser.add_argument(
        "--threads",
        type=several(positive),
        help="of every engine, such as 1,2; by default as many as there are processors",
    )
    parser.add_argument(
        "--precision", type=several(one_of(PRECISIONS)), help="fp32 if left out, such as fp32,int8"
    )
    parser.add_argument(
        "--executor",
        type=several(executor),
        help="engines, such as executorch,onnxruntime:CUDAExecutionProvider, or Swift's: "
        f"{', '.join(SWIFT)}; the target's own if left out",
    )


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a whole number from 1")
    return int(text)


def ratio(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a ratio from 0 up to but not 1")
    return value


def one_of(names: Sequence[str]) -> Callable[[str], str]:
    def name(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(f"there is no {text}, choose from {', '.join(names)}")
        return text

    return name


def executor(text: str) -> str:
    """The name of an executor, which a colon and a device may follow."""
    one_of([*executor_names(), *SWIFT])(text.partition(":")[0])
    return text


def several(single: Callable[[str], T]) -> Callable[[str], list[T]]:
    """Parses what commas separate, each once."""

    def values(text: str) -> list[T]:
        return list(dict.fromkeys(single(part.strip()) for part in text.split(",")))

    return values


def peers(text: str) -> list[str]:
    if text in ("none", "all"):
        return list(PEERS) if text == "all" else []
    return several(one_of(PEERS))(text)
