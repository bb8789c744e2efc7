"""Programs whose linear layers hold smaller weights, in the forms that XNNPACK computes with.

Only linear layers change, and with them what lies between those of one module (attention, GELU)
where the precision is fp16. Modulation, residual, norm and sum stay fp32, and so do the layers of
`embed` and `final`, which are convolutions and small.
"""

import copy
import dataclasses
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torchao.quantization import Int8DynamicActivationIntxWeightConfig, quantize_
from torchao.quantization.granularity import PerAxis, PerGroup
from torchao.quantization.quantize_.workflows import IntxChooseQParamsAlgorithm
from torchao.utils import TorchAOBaseTensor

from lazydit_export.programs import BlockModule, Condition
from lazydit_export.split import Program

GROUP = 32
"""How many int4 weights of a row share a scale: the smallest group that XNNPACK takes."""

_INT8 = Int8DynamicActivationIntxWeightConfig(
    weight_dtype=torch.int8, weight_granularity=PerAxis(0)
)
# Scales fitted to the weights instead of their largest value: 1.6 dB more in the demo's images.
_INT4 = Int8DynamicActivationIntxWeightConfig(
    weight_dtype=torch.int4,  # type: ignore[attr-defined]
    weight_granularity=PerGroup(GROUP),
    intx_choose_qparams_algorithm=IntxChooseQParamsAlgorithm.HQQ_SCALE_ONLY,
)

_FP16_PARTS: Mapping[type[nn.Module], Sequence[str]] = {
    BlockModule: ("module",),
    Condition: ("timestep_mlp", "modulation", "final_modulation"),
}


class InHalf(nn.Module):
    """`module` with fp16 weights and arithmetic, between fp32 tensors."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = copy.deepcopy(module).half()

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = self.module(x.half())
        return output.float()


def at_precision(program: Program, precision: str) -> Program:
    """`program` with weights in fp32, fp16, int8 or int4; the program given stays as it is.

    int8 has a scale per row and int4 one per GROUP weights; activations become int8 token by token
    as they come. Of int4, rows that no GROUP divides stay int8, and so does the timestep MLP: it is
    a hundredth of the weights, and all of the modulation rests on it.
    """
    if precision == "fp32":
        return program
    if precision == "fp16":
        return dataclasses.replace(program, module=_in_half(program.module))
    module = copy.deepcopy(program.module)
    if precision == "int4":
        quantize_(module, _INT4, _takes_int4)
    quantize_(module, _INT8, _is_linear)
    return dataclasses.replace(program, module=module)


def _in_half(module: nn.Module) -> nn.Module:
    half = copy.copy(module)
    # Until one is replaced, the copy shares its parts with the module, but not the list of them.
    half._modules = dict(module._modules)
    for name in _FP16_PARTS.get(type(module), ()):
        setattr(half, name, InHalf(module.get_submodule(name)))
    return half


def _is_linear(layer: nn.Module, _: str) -> bool:
    return isinstance(layer, nn.Linear) and not isinstance(layer.weight, TorchAOBaseTensor)


def _takes_int4(layer: nn.Module, name: str) -> bool:
    return (
        isinstance(layer, nn.Linear)
        and layer.in_features % GROUP == 0
        and not name.startswith("timestep_mlp")
    )
