"""Android: ExecuTorch with the XNNPACK delegate, a method per program.

`condition` is in a file of its own: it runs once per image, and holds a third of the weights. The
others share one, or, in a large model, have one for each block, so that export never holds more
than a block's lowered programs.
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
from executorch.exir.lowered_backend_module import LoweredBackendModule
from executorch.exir.passes import MemoryPlanningPass
from torch.export import ExportedProgram

from lazydit_export.split import CONDITION, Program, block_of
from lazydit_export.targets.exported import export_program
from lazydit_export.targets.target import FinishedFiles, Lowered, OnProgram, Target, TargetOptions
from lazydit_export.targets.xnnpack_precision import at_precision

PRECISIONS = ("fp32", "fp16", "int8", "int4")

CONDITION_FILE = "condition.pte"
FILE = "programs.pte"

LARGE_BYTES = 400_000_000
"""From so many bytes of fp32 weights on, every block has a file of its own."""

# Not operators of their own: they name results, memory and views in the lowered graph.
_BOOKKEEPING = {"executorch_call_delegate", "getitem", "alloc", "view"}


def lower(
    programs: Sequence[Program],
    directory: Path,
    on_program: OnProgram,
    finished: FinishedFiles | None = None,
    *,
    precision: str,
    large_bytes: int = LARGE_BYTES,
) -> list[Lowered]:
    """Lowers all programs and writes them to files in `directory`, one file after the other.

    Every program is lowered by itself, those that differ in their weights alone included:
    XNNPACK's payload names each constant by the hash of its content, and ExecuTorch cannot bind
    other constants to a payload that is made. What is held beside the programs given is one file's
    worth of them. Where blocks have files of their own, a file is taken from `finished` if it is
    there, and kept there once it is made.
    """
    block_by_block = _weight_bytes(programs) >= large_bytes
    files: dict[str, list[Program]] = {}
    for program in programs:
        files.setdefault(_file_of(program.name, block_by_block), []).append(program)
    lowered: dict[str, Lowered] = {}
    for file, members in files.items():
        known = finished if block_by_block else None
        for result in _lower_file(members, directory, file, on_program, precision, known):
            lowered[result.program] = result
    return [lowered[program.name] for program in programs]


def _file_of(program: str, block_by_block: bool) -> str:
    if program == CONDITION:
        return CONDITION_FILE
    block = block_of(program) if block_by_block else None
    return FILE if block is None else f"programs/{block}.pte"


def _weight_bytes(programs: Sequence[Program]) -> int:
    """Bytes of all weights; those that several programs share count once."""
    weights = {weight for program in programs for weight in program.module.parameters()}
    return sum(weight.nbytes for weight in weights)


def _lower_file(
    programs: Sequence[Program],
    directory: Path,
    file: str,
    on_program: OnProgram,
    precision: str,
    finished: FinishedFiles | None,
) -> list[Lowered]:
    path = directory / file
    path.parent.mkdir(exist_ok=True)
    taken = None if finished is None else finished.take(file, directory)
    if taken is not None:
        for program in programs:
            on_program(program.name)
        return taken
    members = {}
    for program in programs:
        members[program.name] = _lower_program(at_precision(program, precision))
        on_program(program.name)
    written = _write(members, path)
    lowered = [_describe(name, file, exported) for name, exported in written.items()]
    if finished is not None:
        finished.keep(file, directory, lowered)
    return lowered


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
        weight_bytes=_packed_bytes(exported),
    )


def _packed_bytes(exported: ExportedProgram) -> int:
    """Bytes of the weights that the delegates lay out anew when they are loaded."""
    return sum(
        len(data)
        for module in exported.graph_module.modules()
        if isinstance(module, LoweredBackendModule)
        for data in module.named_data_store_output.buffers
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
