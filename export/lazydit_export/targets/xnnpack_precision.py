"""Programs whose linear layers hold smaller weights, in the forms that XNNPACK computes with.

Only linear layers change, and with them what lies between those of one module (attention, GELU)
where the precision is fp16. Modulation, residual, norm and sum stay fp32, and so do the layers of
`embed` and `final`, which are convolutions and small.
"""

import copy
import dataclasses

import torch
from torch import Tensor, nn
from torchao.quantization import Int8DynamicActivationIntxWeightConfig, quantize_
from torchao.quantization.granularity import PerAxis, PerGroup
from torchao.utils import TorchAOBaseTensor

from lazydit_export.programs import BlockModule, Condition
from lazydit_export.split import Program

PRECISIONS = ("fp32", "fp16", "int8", "int4")

GROUP = 32
"""How many int4 weights of a row share a scale: the smallest group that XNNPACK takes."""

_INT8 = Int8DynamicActivationIntxWeightConfig(
    weight_dtype=torch.int8, weight_granularity=PerAxis(0)
)
_INT4 = Int8DynamicActivationIntxWeightConfig(
    weight_dtype=torch.int4, weight_granularity=PerGroup(GROUP)
)


class InHalf(nn.Module):
    """`module` with fp16 weights and arithmetic, between fp32 tensors."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = copy.deepcopy(module).half()

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.module(x.half())
        return output.float()


def at_precision(program: Program, precision: str) -> Program:
    """`program` with weights of `precision`, one of PRECISIONS; the program given stays as it is.

    int8 has a scale per row and int4 one per GROUP weights; activations become int8 token by token
    as they come. Rows that no GROUP divides take int8 in place of int4.
    """
    if precision == "fp32":
        return program
    module = _in_half(program.module) if precision == "fp16" else copy.deepcopy(program.module)
    if precision == "int4":
        quantize_(module, _INT4, lambda layer, _: _is_linear(layer) and _divides(layer))
    if precision in ("int8", "int4"):
        quantize_(module, _INT8, lambda layer, _: _is_linear(layer))
    return dataclasses.replace(program, module=module)


def _in_half(module: nn.Module) -> nn.Module:
    half = copy.copy(module)
    half._modules = dict(module._modules)
    if isinstance(module, BlockModule):
        half.module = InHalf(module.module)
    if isinstance(module, Condition):
        half.modulation = InHalf(module.modulation)
        half.final_modulation = InHalf(module.final_modulation)
    return half


def _is_linear(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Linear) and not isinstance(layer.weight, TorchAOBaseTensor)


def _divides(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Linear) and layer.in_features % GROUP == 0
