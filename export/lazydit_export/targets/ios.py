"""iOS: Core ML packages (ML Programs), from iOS 18 one for `condition` and one for all the rest.

From iOS 18 a package holds many functions, here one per program, and stores weights that they share
once. `condition` has a package of its own: it runs once per sample and image, and a runtime can
let go of it, a third of a DiT-XL's weights, before the first step. Every call costs Core ML time of
its own, and functions share weights: so there is one for every whole block too. iOS 17 knows no
functions in packages: there every program is a package, and whole blocks would store all weights
twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import coremltools as ct

from lazydit.errors import LazyDiTError
from lazydit_export.coreml.compress import compress
from lazydit_export.coreml.convert import DEPLOYMENT_TARGETS, FUNCTION, convert
from lazydit_export.coreml.package import save_function, save_functions
from lazydit_export.coreml.survey import FunctionSurvey, survey
from lazydit_export.split import Program
from lazydit_export.targets.target import FinishedFiles, Lowered, OnProgram, Target, TargetOptions
from lazydit_runtime.executors import executor_for
from lazydit_runtime.executors.mlpackage import FORMAT

PRECISIONS = ("fp16", "fp32", "int8", "int4")

DEFAULT_IOS = max(DEPLOYMENT_TARGETS)

FIRST_WITH_FUNCTIONS = 18
"""The iOS from which a package may hold several functions."""

FIRST_WITH_BLOCKS = 18
"""The iOS from which a weight may have a scale per block; 4 bits are too coarse without."""

CONDITION = "condition"
PROGRAMS = "programs"

Models = Mapping[str, ct.models.MLModel]

_UNCHECKED = {
    "coreml": "iPhones: this Mac's Core ML ran the packages",
    "coreml-evaluator": "Core ML's own rounding, speed and memory: lazydit's evaluator ran the "
    "packages",
}


def lower(
    programs: Sequence[Program],
    directory: Path,
    on_program: OnProgram,
    _: FinishedFiles | None = None,
    *,
    precision: str,
    minimum_ios: int,
) -> list[Lowered]:
    """Converts every program and writes the packages into `directory`."""
    models = {}
    for program in programs:
        model = convert(program, minimum_ios, half=precision != "fp32")
        bits = _bits(precision, program.name)
        models[program.name] = compress(model, bits) if bits else model
        on_program(program.name)
    write = _write_functions if minimum_ios >= FIRST_WITH_FUNCTIONS else _write_packages
    lowered = {program.program: program for program in write(models, directory)}
    return [lowered[program.name] for program in programs]


def _bits(precision: str, program: str) -> int | None:
    """How many a weight has, None where it is a floating-point number.

    What `condition` gives enters every module of every step: in 4 bits it alone costs the demo's
    images more than all modules do, and it runs but once.
    """
    if precision == "int4":
        return 8 if program == CONDITION else 4
    return 8 if precision == "int8" else None


def _write_functions(models: Models, directory: Path) -> Iterator[Lowered]:
    others = {name: model for name, model in models.items() if name != CONDITION}
    for group, members in ((CONDITION, {CONDITION: models[CONDITION]}), (PROGRAMS, others)):
        file = f"{group}.mlpackage"
        save_functions(members, directory / file)
        for name, found in survey(directory / file).items():
            yield _describe(name, file, name, found)


def _write_packages(models: Models, directory: Path) -> Iterator[Lowered]:
    (directory / PROGRAMS).mkdir()
    for name, model in models.items():
        file = f"{PROGRAMS}/{name}.mlpackage"
        save_function(name, model, directory / file)
        yield _describe(name, file, FUNCTION, survey(directory / file)[FUNCTION])


def _describe(name: str, file: str, method: str, found: FunctionSurvey) -> Lowered:
    return Lowered(
        name,
        file,
        method,
        operators=found.operators.total(),
        weights=found.weights,
        weight_bytes=sum(weight.bytes for weight in found.weights),
    )


def target(precision: str, options: TargetOptions) -> Target:
    """The recipe for one of `PRECISIONS`; LazyDiTError when `minimum_ios` is not known or too
    old for it."""
    minimum_ios = DEFAULT_IOS if options.minimum_ios is None else options.minimum_ios
    if minimum_ios not in DEPLOYMENT_TARGETS:
        known = " or ".join(map(str, DEPLOYMENT_TARGETS))
        raise LazyDiTError(
            f"target ios cannot be made for iOS {minimum_ios}: use --minimum-ios {known}"
        )
    if precision == "int4" and minimum_ios < FIRST_WITH_BLOCKS:
        raise LazyDiTError(
            f"target ios has no int4 for iOS {minimum_ios}, whose weights cannot have a scale per "
            "block: use --precision int8, or --minimum-ios 18"
        )
    executor = executor_for("ios")
    return Target(
        name="ios",
        precision=precision,
        executor=executor,
        lower=partial(lower, precision=precision, minimum_ios=minimum_ios),
        packages=("coremltools",),
        formats={FORMAT: DEPLOYMENT_TARGETS[minimum_ios].value},
        activation_type="float32" if precision == "fp32" else "float16",
        whole_blocks=minimum_ios >= FIRST_WITH_FUNCTIONS,
        unchecked=(_UNCHECKED[executor],),
    )
