"""Runs every program alone on recorded inputs, in the engine and in PyTorch."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from lazydit_export.split import KINDS, Program
from lazydit_runtime.executors import Executor

WEIGHT = 0.5
"""How far `extrapolate` goes on: the present step after two that were two steps apart."""


@torch.no_grad()
def program_errors(
    programs: Sequence[Program], executor: Executor, timesteps: Sequence[int], label: int
) -> dict[str, float]:
    """The worst relative error of each program, in running order; infinite if not finite.

    The inputs are recorded from one walk through the model in PyTorch at each of `timesteps`.
    """
    errors = {program.name: 0.0 for program in programs}
    by_name = {program.name: program for program in programs}
    for name, inputs in _recorded_inputs(programs, timesteps, label):
        program = by_name[name]
        expected = _outputs(program, inputs)
        found = [
            np.full(output.shape, np.nan, spec.dtype)
            for output, spec in zip(expected, program.outputs, strict=True)
        ]
        arrays = [
            tensor.contiguous().numpy().astype(spec.dtype, copy=False)
            for tensor, spec in zip(inputs, program.inputs, strict=True)
        ]
        executor.run(name, arrays, [*found])
        for output, reference in zip(found, expected, strict=True):
            error = _relative_error(output.astype(np.float32), reference.numpy())
            errors[name] = max(errors[name], error)
    return errors


def _recorded_inputs(
    programs: Sequence[Program], timesteps: Sequence[int], label: int
) -> Iterator[tuple[str, tuple[Tensor, ...]]]:
    condition, embed, *between, reuse, extrapolate, final = programs
    latent_shape = [int(size) for size in embed.inputs[0].shape]
    latent = torch.randn(latent_shape, generator=torch.Generator().manual_seed(0))
    inputs: tuple[Tensor, ...] = (torch.tensor([label]), torch.tensor(timesteps).float())
    yield condition.name, inputs
    modulation, final_modulation = _outputs(condition, inputs)
    for step in range(len(timesteps)):
        yield embed.name, (latent,)
        x, norm, _ = _outputs(embed, (latent,))
        output = x
        depth = modulation.shape[1]
        modules, blocks = between[: depth * len(KINDS)], between[depth * len(KINDS) :]
        for number, module in enumerate(modules):
            block, kind = divmod(number, len(KINDS))
            vectors = modulation[step, block].view(len(KINDS), 3, 1, 1, -1)
            if kind == 0 and blocks:
                yield blocks[block].name, (x, norm, *vectors.flatten(0, 1))
            yield module.name, (x, norm, *vectors[kind])
            before, previous = x, output
            x, norm, _, output = _outputs(module, (x, norm, *vectors[kind]))
        gate = vectors[-1, 2]
        yield reuse.name, (before, output, gate)
        # Another module's output stands in for an earlier one of the same.
        yield extrapolate.name, (before, output, previous, torch.full((1, 1, 1), WEIGHT), gate)
        yield final.name, (norm, *final_modulation[step].view(2, 1, 1, -1))


def _outputs(program: Program, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    outputs = program.module(*inputs)
    return outputs if isinstance(outputs, tuple) else (outputs,)


def _relative_error(found: npt.NDArray[np.float32], expected: npt.NDArray[np.float32]) -> float:
    error = float(np.max(np.abs(found - expected))) / max(float(np.max(np.abs(expected))), 1e-30)
    return error if np.isfinite(error) else float("inf")
