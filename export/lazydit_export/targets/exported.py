"""A program as torch.export sees it: where every target starts."""

import torch
from torch.export import Dim, ExportedProgram

from lazydit_export.split import MAX_STEPS, STEPS_DIMENSION, Program


def export_program(program: Program) -> ExportedProgram:
    """`program` as a graph of ATen operators, the number of timesteps being dynamic."""
    steps = Dim(STEPS_DIMENSION, min=1, max=MAX_STEPS)
    dynamic = [
        {axis: steps for axis, size in enumerate(spec.shape) if size == STEPS_DIMENSION}
        for spec in program.inputs
    ]
    with torch.no_grad():
        return torch.export.export(
            program.module, program.example_inputs(), dynamic_shapes=tuple(dynamic)
        )
