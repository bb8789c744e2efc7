"""The demo model, lowered once per target and precision for all tests of this folder."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from rich.console import Console

from lazydit.demo import demo_checkpoint, demo_gates
from lazydit_export.export import split_for, write_bundle
from lazydit_export.recipe import ExportRecipe, Source, read_source
from lazydit_export.report import Report
from lazydit_export.targets import find_target
from lazydit_export.targets.target import TargetOptions
from lazydit_runtime import Pipeline


@dataclass(frozen=True, eq=False)
class Demo:
    """The demo model's bundle, not yet verified, and what it was made from."""

    source: Source
    pipeline: Pipeline


OpenDemo = Callable[[str, str], Demo]


@pytest.fixture(scope="session")
def open_demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenDemo]:
    """Opens the demo's bundle for a target and a precision."""
    opened: dict[tuple[str, str], Demo] = {}
    with ExitStack() as stack:

        def open_once(target_name: str, precision: str) -> Demo:
            key = (target_name, precision)
            if key not in opened:
                target = find_target(target_name, TargetOptions(precision))
                folder = tmp_path_factory.mktemp("-".join(key))
                gates = tuple(demo_gates())
                recipe = ExportRecipe(demo_checkpoint(), gates, target, folder, "digits")
                source = read_source(recipe)
                programs = split_for(target, source.model)
                report = Report(Console(quiet=True), verbose=False)
                write_bundle(recipe, source, programs, folder, report)
                pipeline = stack.enter_context(Pipeline.load(folder, target.executor))
                opened[key] = Demo(source, pipeline)
            return opened[key]

        yield open_once
