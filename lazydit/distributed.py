"""Several processes on one job: started by torchrun, or one process alone."""

import os
import signal
from dataclasses import dataclass
from types import FrameType

import torch
import torch.distributed as dist
from torch import Tensor

from lazydit.errors import LazyDiTError


@dataclass(frozen=True)
class Workers:
    """This process among the `count` that share a job, and the device it computes on."""

    rank: int
    count: int
    device: torch.device

    @classmethod
    def join(cls, device: str | None) -> "Workers":
        """Join the processes that torchrun started (if any).

        `device` is cpu, cuda or mps; None takes the best there is.
        """
        rank, count = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        chosen = choose_device(device)
        if chosen.type == "cuda":
            chosen = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
            torch.cuda.set_device(chosen)
        if count > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo")
        return cls(rank, count, chosen)

    @property
    def main(self) -> bool:
        return self.rank == 0

    def share(self, batch: Tensor) -> Tensor:
        """This process's rows of a batch that all processes know."""
        size = batch.shape[0] // self.count
        return batch[self.rank * size : (self.rank + 1) * size]

    def check_batch_size(self, size: int) -> None:
        if size < 1:
            raise LazyDiTError(f"a batch of {size} teaches nothing: choose a batch size from 1")
        if size % self.count:
            raise LazyDiTError(
                f"a batch of {size} cannot be shared by {self.count} processes: "
                f"choose a batch size that {self.count} divides"
            )

    def mean(self, value: Tensor) -> Tensor:
        """The mean of `value` over all processes."""
        if self.count > 1:
            value = value.clone()
            dist.all_reduce(value)
            value /= self.count
        return value

    def gather(self, rows: Tensor) -> Tensor:
        """The rows of all processes, in the order of their ranks; each must have equally many."""
        if self.count == 1:
            return rows
        parts = [torch.empty_like(rows) for _ in range(self.count)]
        dist.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    def any(self, flag: bool) -> bool:
        """Whether `flag` holds in any process."""
        if self.count == 1:
            return flag
        total = torch.tensor(float(flag), device=self.device)
        dist.all_reduce(total)
        return bool(total > 0)

    def leave(self) -> None:
        if dist.is_initialized():
            dist.destroy_process_group()


def choose_device(name: str | None) -> torch.device:
    """The device called `name`, or the best there is.

    Raises LazyDiTError when this machine has no such device.
    """
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    there["cpu"] = True
    if name is None:
        return torch.device(next(device for device, present in there.items() if present))
    if not there.get(name, False):
        usable = ", ".join(device for device, present in there.items() if present)
        raise LazyDiTError(f"device {name} is not usable here: choose from {usable}")
    return torch.device(name)


def autocast_pays(device: torch.device) -> bool:
    """Whether bf16 arithmetic is faster than fp32 on this device."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    return device.type == "cpu" and bool(capabilities.get("avx512_bf16", False))


class Interrupt:
    """While entered, ctrl-C (or SIGTERM) asks the loop to stop after its current step."""

    def __init__(self) -> None:
        self._asked = False

    def __enter__(self) -> "Interrupt":
        self._before = {
            number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def asked(self, workers: Workers) -> bool:
        """Whether any process was asked to stop; the same answer in all of them."""
        return workers.any(self._asked)

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self._asked = True
