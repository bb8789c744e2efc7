"""A program as a Core ML model of one function, `main`, in fp32 or mostly fp16."""

import dataclasses
from typing import Any

import coremltools as ct
import numpy as np
from coremltools.converters.mil import Operation

from lazydit_export.coreml.modules import rewritten
from lazydit_export.split import MAX_STEPS, STEPS_DIMENSION, Program
from lazydit_export.targets.exported import export_program
from lazydit_runtime.manifest import TensorSpec

FUNCTION = "main"
"""What the only function of a converted model is called."""

DEPLOYMENT_TARGETS = {17: ct.target.iOS17, 18: ct.target.iOS18}

FIRST_WITH_FUSED_ATTENTION = 18
"""The iOS whose programs may hold `scaled_dot_product_attention`."""

_PRECISE = {"cos", "sin", "layer_norm", "reduce_sum"}
_ARITHMETIC = {"add", "mul", "expand_dims"}


def convert(program: Program, minimum_ios: int, *, half: bool) -> ct.models.MLModel:
    """`program` with inputs and outputs named and typed as it says, but int32 for int64.

    `half` computes in fp16 what `_keeps_float32` does not hold back.
    """
    fused_attention = minimum_ios >= FIRST_WITH_FUSED_ATTENTION
    module = rewritten(program.module, fused_attention=fused_attention)
    exported = export_program(dataclasses.replace(program, module=module)).run_decompositions({})
    passes = ct.PassPipeline()
    # The label counts a table's rows: a detour over 16 bits costs operators and limits the table.
    passes.remove_passes({"common::add_int16_cast"})
    return ct.convert(
        exported,
        convert_to="mlprogram",
        inputs=[_tensor_type(spec) for spec in program.inputs],
        outputs=[ct.TensorType(name=spec.name, dtype=_dtype(spec)) for spec in program.outputs],
        minimum_deployment_target=DEPLOYMENT_TARGETS[minimum_ios],
        compute_precision=_half_precision() if half else ct.precision.FLOAT32,
        pass_pipeline=passes,
        skip_model_load=True,
    )


def _tensor_type(spec: TensorSpec) -> Any:
    steps = ct.RangeDim(1, MAX_STEPS)
    shape = tuple(steps if size == STEPS_DIMENSION else size for size in spec.shape)
    return ct.TensorType(name=spec.name, shape=shape, dtype=_dtype(spec))


def _dtype(spec: TensorSpec) -> type[np.generic]:
    """Core ML has no int64 inputs."""
    return np.int32 if spec.dtype == "int64" else np.dtype(spec.dtype).type


def _half_precision() -> Any:
    return ct.transform.FP16ComputePrecision(op_selector=lambda op: not _keeps_float32(op))


def _keeps_float32(operation: Operation) -> bool:
    """What fp16 would spoil: timestep features, and the tail of every program.

    In fp16 the angles of timesteps near 1000 are off by up to a quarter of a radian. The tail is
    residual sum, layer norm and token sum: squares of large activations may overflow fp16, and the
    token sum decides what runs. It is the last thing a program does, so that an engine which
    computes fp16 only hands over once, on the way to where the outputs go anyway.
    """
    if operation.op_type in _PRECISE:
        return True
    children = [child for output in operation.outputs for child in output.child_ops]
    return operation.op_type in _ARITHMETIC and any(map(_keeps_float32, children))
