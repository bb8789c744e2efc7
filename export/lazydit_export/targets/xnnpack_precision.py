"""Programs whose linear layers hold smaller weights, in the forms that XNNPACK computes with.

Only linear layers change, and with them what lies between those of one module (attention, GELU)
where the precision is fp16. Modulation, residual, norm and sum stay fp32, and so do the layers of
`embed` and `final`, which are convolutions and small.
"""

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torchao.quantization import Int8DynamicActivationIntxWeightConfig, quantize_
from torchao.quantization.granularity import PerAxis, PerGroup
from torchao.quantization.quantize_.workflows import IntxChooseQParamsAlgorithm
from torchao.utils import TorchAOBaseTensor

from lazydit.diffusion import TRAIN_TIMESTEPS
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

_MEAN_STRIDE = 8
"""Every how many training timesteps the mean input of the adaLN layers is taken."""


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
    if isinstance(module, Condition) and isinstance(program.module, Condition):
        _correct_biases(program.module, module)
    return dataclasses.replace(program, module=module)


@torch.no_grad()
def _correct_biases(exact: Condition, quantized: Condition) -> None:
    """Takes the mean error of the modulation out of it: what rounding does to the mean input.

    The adaLN layers see nothing but labels and timesteps, so that their mean input is known. In
    int4 their rounding then costs the demo's images 35 dB in place of 24.
    """
    labels = torch.arange(exact.labels.num_embeddings)
    steps = torch.arange(0, TRAIN_TIMESTEPS, _MEAN_STRIDE).float()
    mean = torch.stack([exact.vectors(labels, step[None]).mean(dim=0) for step in steps]).mean(
        dim=0
    )
    for name in ("modulation", "final_modulation"):
        layer = cast(nn.Linear, quantized.get_submodule(name))
        before = cast(nn.Linear, exact.get_submodule(name))
        rounding = before.weight - cast(TorchAOBaseTensor, layer.weight).dequantize()
        layer.bias = nn.Parameter(before.bias + rounding @ mean, requires_grad=False)


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
