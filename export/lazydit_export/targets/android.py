"""Android: ExecuTorch with the XNNPACK delegate, a method per program in two .pte files.

`condition` is in a file of its own: it runs once per image, and holds a third of the weights.
"""

import platform
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import (
    EdgeCompileConfig,
    EdgeProgramManager,
    ExecutorchBackendConfig,
    to_edge_transform_and_lower,
)
from executorch.exir.passes import MemoryPlanningPass
from torch.export import ExportedProgram

from lazydit_export.split import CONDITION, Program
from lazydit_export.targets.exported import export_program
from lazydit_export.targets.target import Lowered, OnProgram, Target, TargetOptions
from lazydit_export.targets.xnnpack_precision import at_precision

PRECISIONS = ("fp32", "fp16", "int8", "int4")

CONDITION_FILE = "condition.pte"
FILE = "programs.pte"

# Not operators of their own: they name results, memory and views in the lowered graph.
_BOOKKEEPING = {"executorch_call_delegate", "getitem", "alloc", "view"}


def lower(
    programs: Sequence[Program], directory: Path, on_program: OnProgram, precision: str
) -> list[Lowered]:
    """Lowers all programs and writes them to `condition.pte` and `programs.pte` in `directory`.

    Every program is lowered by itself, those that differ in their weights alone included:
    XNNPACK's payload names each constant by the hash of its content, and ExecuTorch cannot bind
    other constants to a payload that is made.
    """
    files: dict[str, dict[str, ExportedProgram]] = {CONDITION_FILE: {}, FILE: {}}
    for program in programs:
        file = CONDITION_FILE if program.name == CONDITION else FILE
        files[file][program.name] = _lower_program(at_precision(program, precision))
        on_program(program.name)
    lowered = {
        name: _describe(name, file, exported)
        for file, members in files.items()
        for name, exported in _write(members, directory / file).items()
    }
    return [lowered[program.name] for program in programs]


def _write(programs: dict[str, ExportedProgram], path: Path) -> dict[str, ExportedProgram]:
    """Writes one file and returns the programs as they stand in it."""
    # The edge checks have been made one by one, and would reject delegates.
    manager = EdgeProgramManager(
        programs, compile_config=EdgeCompileConfig(_check_ir_validity=False)
    )
    # Inputs are not planned, so that a method reads the caller's buffers without a copy.
    planning = MemoryPlanningPass(alloc_graph_input=False)
    executable = manager.to_executorch(ExecutorchBackendConfig(memory_planning_pass=planning))
    with path.open("wb") as opened:
        executable.write_to_file(opened)
    return {name: executable.exported_program(name) for name in programs}


def _lower_program(program: Program) -> ExportedProgram:
    exported = export_program(program)
    edge = to_edge_transform_and_lower({program.name: exported}, partitioner=[XnnpackPartitioner()])
    lowered: ExportedProgram = edge.exported_program(program.name)
    return lowered


def _describe(name: str, file: str, exported: ExportedProgram) -> Lowered:
    called = [node.target.__name__ for node in exported.graph.nodes if node.op == "call_function"]
    return Lowered(
        program=name,
        file=file,
        method=name,
        delegates=called.count("executorch_call_delegate"),
        leftover_ops=tuple(
            # Without the overload, which says where the result goes.
            operator.split(".")[0]
            for operator in called
            if operator not in _BOOKKEEPING
        ),
    )


def target(precision: str, _: TargetOptions) -> Target:
    """The recipe for one of `PRECISIONS`."""
    return Target(
        name="android",
        precision=precision,
        executor="executorch",
        lower=partial(lower, precision=precision),
        packages=("executorch", "torchao"),
        unchecked=_unchecked(precision),
    )


def _unchecked(precision: str) -> tuple[str, ...]:
    if precision != "fp16" or platform.machine() not in ("x86_64", "AMD64"):
        return ()
    return (
        "XNNPACK's fp16 kernels for Arm were not run: they also sum in fp16, which those for x86 "
        "do not, so that a phone's images may lie further from fp32.",
    )
