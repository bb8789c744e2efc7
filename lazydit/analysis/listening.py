"""Listening to what the modules of a DiT consume and put out, step by step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from lazydit.models.dit import DiT


@dataclass(frozen=True, eq=False)
class Call:
    """A module's input and output, [R, N, D] each, in double precision: similarities are close to
    1 and what tells them apart is small."""

    z: Tensor
    output: Tensor

    @classmethod
    def of(cls, z: Tensor, output: Tensor) -> "Call":
        # Apple's GPUs have no double precision.
        device = torch.device("cpu") if z.device.type == "mps" else z.device
        return cls(z.to(device, torch.float64), output.to(device, torch.float64))


Hear = Callable[[int, int, Call, Call], None]
"""`(step, module number, call of the step before, call of this step)`, for steps from 1."""


def modules_of(model: DiT) -> list[nn.Module]:
    """The 2L modules in their order: attn 0, mlp 0, attn 1, ..."""
    return [getattr(block, kind) for block in model.blocks for kind in ("attn", "mlp")]


@contextmanager
def listening(model: DiT, hear: Hear) -> Iterator[None]:
    """While entered, tell `hear` of every two consecutive calls of a module.

    Every call counts as one step: let one generation pass, in which all modules run. The call of
    one step of every module is held, no more.
    """
    heard: dict[int, tuple[int, Call]] = {}

    def listen(number: int, _module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        now = Call.of(inputs[0], output)
        if number in heard:
            step, before = heard[number]
            hear(step + 1, number, before, now)
            heard[number] = step + 1, now
        else:
            heard[number] = 0, now

    handles = [
        module.register_forward_hook(partial(listen, number))
        for number, module in enumerate(modules_of(model))
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
