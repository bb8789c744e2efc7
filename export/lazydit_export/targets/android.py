"""Android: ExecuTorch with the XNNPACK delegate, one .pte file with a method per program."""

from collections.abc import Sequence
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

from lazydit_export.split import Program
from lazydit_export.targets.exported import export_program
from lazydit_export.targets.target import Lowered, OnProgram, Target, TargetOptions

PRECISIONS = ("fp32",)

FILE = "programs.pte"

# Not operators of their own: they name results, memory and views in the lowered graph.
_BOOKKEEPING = {"executorch_call_delegate", "getitem", "alloc", "view"}


def lower(programs: Sequence[Program], directory: Path, on_program: OnProgram) -> list[Lowered]:
    """Lowers all programs and writes them to `programs.pte` in `directory`.

    Every program is lowered by itself, those that differ in their weights alone included:
    XNNPACK's payload names each constant by the hash of its content, and ExecuTorch cannot bind
    other constants to a payload that is made.
    """
    edge_programs = {}
    for program in programs:
        edge_programs[program.name] = _lower_program(program)
        on_program(program.name)
    # The edge checks have been made one by one above, and would reject delegates.
    manager = EdgeProgramManager(
        edge_programs, compile_config=EdgeCompileConfig(_check_ir_validity=False)
    )
    # Inputs are not planned, so that a method reads the caller's buffers without a copy.
    planning = MemoryPlanningPass(alloc_graph_input=False)
    executable = manager.to_executorch(ExecutorchBackendConfig(memory_planning_pass=planning))
    with (directory / FILE).open("wb") as opened:
        executable.write_to_file(opened)
    return [
        _describe(program.name, executable.exported_program(program.name)) for program in programs
    ]


def _lower_program(program: Program) -> ExportedProgram:
    exported = export_program(program)
    edge = to_edge_transform_and_lower({program.name: exported}, partitioner=[XnnpackPartitioner()])
    lowered: ExportedProgram = edge.exported_program(program.name)
    return lowered


def _describe(name: str, exported: ExportedProgram) -> Lowered:
    called = [node.target.__name__ for node in exported.graph.nodes if node.op == "call_function"]
    return Lowered(
        program=name,
        file=FILE,
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
        lower=lower,
        packages=("executorch",),
    )
