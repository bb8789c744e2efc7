"""Cuts a DiT into the programs of a bundle, in the order in which a generation runs them."""

import dataclasses
import re
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from lazydit.models.dit import Block, DiT
from lazydit_export.programs import (
    AttentionModule,
    BlockModule,
    Condition,
    Embed,
    Extrapolate,
    Final,
    MlpModule,
    Reuse,
    WholeBlock,
)
from lazydit_runtime.manifest import ActivationType, Kind, TensorSpec

MAX_STEPS = 64
"""Most timesteps of one `condition` call: it bounds the memory that the lowered method plans."""

STEPS_DIMENSION = "T"
CONDITION = "condition"
KINDS: tuple[Kind, ...] = ("attn", "mlp")


@dataclass(frozen=True, eq=False)
class Program:
    """One piece of the model: a module of its own and the tensors it takes and returns.

    The module computes in float32, whatever the element types of the tensors in a bundle.
    """

    name: str
    module: nn.Module
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def example_inputs(self, steps: int = 2) -> tuple[Tensor, ...]:
        """Zeros of the input shapes, `T` being `steps`, for the module: float32 and int64."""
        return tuple(
            torch.zeros(
                [steps if size == STEPS_DIMENSION else int(size) for size in spec.shape],
                dtype=torch.int64 if spec.dtype == "int64" else torch.float32,
            )
            for spec in self.inputs
        )


def module_name(block: int, kind: Kind) -> str:
    """The name of the program that runs one module, for example `block_07_attn`."""
    return f"block_{block:02d}_{kind}"


def block_name(block: int) -> str:
    """The name of the program that runs both modules of a block, for example `block_07`."""
    return f"block_{block:02d}"


def block_of(program: str) -> str | None:
    """The name of the block that `program` is a part of, or all of; None where it is of none."""
    found = re.match(r"block_\d+", program)
    return None if found is None else found.group()


@torch.no_grad()
def split(
    model: DiT, activation_type: ActivationType = "float32", *, whole_blocks: bool = False
) -> list[Program]:
    """The programs of `model`: condition, embed, every module, every block, reuse,
    extrapolate, final.

    `activation_type` is what a bundle holds x, norm and output in between programs. Without
    `whole_blocks`, there are no programs of blocks. Programs share the weights that they have in
    common.
    """
    config = model.config
    depth, width, size = config.depth, config.width, config.input_size
    tokens, norm, output = (
        TensorSpec(name, activation_type, (1, config.tokens, width))
        for name in ("x", "norm", "output")
    )
    shift, scale, gate = (_float(name, 1, 1, width) for name in ("shift", "scale", "gate"))
    weight = _float("weight", 1, 1, 1)
    stream = (tokens, norm, _float("norm_sum", 1, width))
    # Not called as the inputs are: in ONNX every tensor of a program has a name of its own.
    next_stream = tuple(dataclasses.replace(spec, name=f"next_{spec.name}") for spec in stream)
    condition = Program(
        CONDITION,
        Condition(model),
        (TensorSpec("label", "int64", (1,)), _float("timesteps", STEPS_DIMENSION)),
        (
            _float("modulation", STEPS_DIMENSION, depth, 6 * width),
            _float("final_modulation", STEPS_DIMENSION, 2 * width),
        ),
    )
    latent = _float("latent", 1, config.in_channels, size, size)
    model_output = _float("model_output", 1, config.out_channels, size, size)
    blocks = [_block_modules(model, block) for block in range(depth)]
    modules = [
        Program(
            module_name(block, kind),
            BlockModule(module),
            (tokens, norm, shift, scale, gate),
            (*next_stream, output),
        )
        for block, parts in enumerate(blocks)
        for kind, module in zip(KINDS, parts, strict=True)
    ]
    vectors = tuple(
        dataclasses.replace(spec, name=f"{kind}_{spec.name}")
        for kind in KINDS
        for spec in (shift, scale, gate)
    )
    outputs = tuple(dataclasses.replace(output, name=f"{kind}_output") for kind in KINDS)
    whole = [
        Program(
            block_name(block),
            WholeBlock(*parts),
            (tokens, norm, *vectors),
            (*next_stream, *outputs),
        )
        for block, parts in enumerate(blocks if whole_blocks else ())
    ]
    programs = [
        condition,
        Program("embed", Embed(model), (latent,), stream),
        *modules,
        *whole,
        Program("reuse", Reuse(), (tokens, output, gate), next_stream),
        Program(
            "extrapolate",
            Extrapolate(),
            (tokens, output, dataclasses.replace(output, name="previous"), weight, gate),
            next_stream,
        ),
        Program("final", Final(model), (norm, shift, scale), (model_output,)),
    ]
    for program in programs:
        program.module.eval().requires_grad_(False)
    return programs


def _block_modules(model: DiT, block: int) -> tuple[nn.Module, nn.Module]:
    parts = cast(Block, model.blocks[block])
    return AttentionModule(parts.attn), MlpModule(parts.mlp)


def _float(name: str, *shape: int | str) -> TensorSpec:
    return TensorSpec(name, "float32", shape)
