"""Android: ExecuTorch with the XNNPACK delegate, fp32, one .pte file with a method per program."""

from collections.abc import Sequence
from pathlib import Path

import torch
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.exir import (
    EdgeCompileConfig,
    EdgeProgramManager,
    ExecutorchBackendConfig,
    to_edge_transform_and_lower,
)
from executorch.exir.passes import MemoryPlanningPass
from torch.export import Dim, ExportedProgram

from lazydit_export.split import MAX_STEPS, STEPS_DIMENSION, Program
from lazydit_export.targets.target import Lowered, OnProgram, Target

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
    planning = {program.name: _memory_planning(program) for program in programs}
    executable = manager.to_executorch(ExecutorchBackendConfig(memory_planning_pass=planning))
    with (directory / FILE).open("wb") as opened:
        executable.write_to_file(opened)
    return [
        _describe(program.name, executable.exported_program(program.name)) for program in programs
    ]


def _lower_program(program: Program) -> ExportedProgram:
    steps = Dim(STEPS_DIMENSION, min=1, max=MAX_STEPS)
    dynamic = [
        {axis: steps for axis, size in enumerate(spec.shape) if size == STEPS_DIMENSION}
        for spec in program.inputs
    ]
    with torch.no_grad():
        exported = torch.export.export(
            program.module, program.example_inputs(), dynamic_shapes=tuple(dynamic)
        )
    edge = to_edge_transform_and_lower({program.name: exported}, partitioner=[XnnpackPartitioner()])
    lowered: ExportedProgram = edge.exported_program(program.name)
    return lowered


def _memory_planning(program: Program) -> MemoryPlanningPass:
    """Leaves out inputs and outputs, so that a method works on the caller's buffers in place.

    Outputs of a dynamic shape are planned: the engine takes no buffer smaller than the largest.
    """
    dynamic = any(STEPS_DIMENSION in spec.shape for spec in program.outputs)
    return MemoryPlanningPass(alloc_graph_input=False, alloc_graph_output=dynamic)


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


TARGET = Target(name="android", precision="fp32", executor="executorch", lower=lower)
