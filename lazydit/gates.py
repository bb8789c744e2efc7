"""Gate sets: the learned gates of one step count, and their files.

Everything here counts steps in sampling order. Only the file format of LazyDiT's public reference
code counts them the other way round; reading and writing that format turns them.
"""

import argparse
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from lazydit.checkpoints import load_pickle
from lazydit.diffusion import Schedule
from lazydit.errors import LazyDiTError
from lazydit.files import existing_file, replace_file
from lazydit.models.dit import DiTConfig

FORMAT = "lazydit-gates-1"
_REFERENCE_NAME = re.compile(r"block_(\d+)_(attn|mlp)_lazy_learning_weight_(\d+)")


@dataclass(frozen=True, eq=False, kw_only=True)
class GateSet:
    """The gates of one model for one step count.

    `weights` are fp32 [T, 2L, D], modules in the order attn 0, mlp 0, attn 1, ...; the first
    step's are never asked, as it runs everything. `timesteps` descend. A module runs iff its
    score is at least its threshold, or after `max_reuse` reuses in a row (None: no limit).
    `target_ratio` is the lazy ratio the gates were learned for, if any.
    """

    weights: Tensor
    timesteps: tuple[int, ...]
    threshold_attn: float = 0.5
    threshold_mlp: float = 0.5
    max_reuse: int | None = None
    target_ratio: float | None = None
    name: str

    def __post_init__(self) -> None:
        if self.weights.ndim != 3 or self.weights.shape[1] % 2:
            raise LazyDiTError(
                f"gates of shape {tuple(self.weights.shape)} are not [steps, 2 x depth, width]: "
                "give a gate set that lazydit learn wrote"
            )
        if self.weights.dtype != torch.float32:
            raise LazyDiTError("gates must be float32: convert them first")
        if len(self.timesteps) != self.steps:
            raise LazyDiTError(
                f"gate set {self.name} has gates for {self.steps} steps and "
                f"{len(self.timesteps)} timesteps: the two must agree"
            )
        if any(a <= b for a, b in zip(self.timesteps, self.timesteps[1:], strict=False)):
            raise LazyDiTError(f"the timesteps of gate set {self.name} do not descend: sort them")
        if self.max_reuse is not None and self.max_reuse < 0:
            raise LazyDiTError(f"max_reuse is {self.max_reuse}: give a number from 0, or none")

    @property
    def steps(self) -> int:
        return self.weights.shape[0]

    def check_fits(self, config: DiTConfig) -> None:
        """Raise LazyDiTError unless these gates have the depth and width of the model."""
        _, modules, width = self.weights.shape
        if (modules, width) != (config.num_modules, config.width):
            raise LazyDiTError(
                f"gate set {self.name} is for a model of depth {modules // 2} and width {width}, "
                f"this one has depth {config.depth} and width {config.width}: "
                "learn gates for it with lazydit learn"
            )


def save_gates(gates: GateSet, path: Path) -> None:
    """Write one gate set as safetensors with JSON metadata."""
    facts = {
        "name": gates.name,
        "timesteps": gates.timesteps,
        "threshold_attn": gates.threshold_attn,
        "threshold_mlp": gates.threshold_mlp,
        "max_reuse": gates.max_reuse,
        "target_ratio": gates.target_ratio,
    }
    metadata = {"format": FORMAT, "gates": json.dumps(facts)}
    tensors = {"weights": gates.weights.detach().cpu().contiguous()}
    replace_file(path, lambda temporary: save_file(tensors, temporary, metadata))


def load_gates(path: Path) -> list[GateSet]:
    """The gate sets in a safetensors file, or in a .pt file of the reference code.

    Raises LazyDiTError when the file holds no gates. No code from the file is executed.
    """
    path = existing_file(Path(path), "gate file")
    if path.suffix != ".safetensors":
        return [_from_reference(load_pickle(path, "gate file"), path)]
    try:
        with safe_open(path, framework="pt") as opened:
            metadata = opened.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise _no_gates(path)
            facts = json.loads(metadata["gates"])
            facts["timesteps"] = tuple(facts["timesteps"])
            return [GateSet(weights=opened.get_tensor("weights"), **facts)]
    except SafetensorError as error:
        raise LazyDiTError(f"{path} is not a readable gate file: it may be truncated") from error
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise _no_gates(path) from error


def save_reference_gates(gates: GateSet, path: Path) -> None:
    """Write the format of the public reference code, which knows no thresholds and no limits."""
    model = {
        f"block_{number // 2}_{_kind(number)}_lazy_learning_weight_{gates.steps - 1 - step}": (
            gates.weights[step, number].detach().cpu()[None].clone()
        )
        for step in range(gates.steps)
        for number in range(gates.weights.shape[1])
    }
    args = argparse.Namespace(num_sampling_steps=gates.steps)
    content = {"model": model, "opt": {}, "args": args, "epoch": 0, "step": 0}
    replace_file(path, lambda temporary: torch.save(content, temporary))


def _from_reference(content: Any, path: Path) -> GateSet:
    model = content.get("model") if isinstance(content, Mapping) else None
    if not isinstance(model, Mapping) or not model:
        raise _no_gates(path)
    placed: dict[tuple[int, int], Tensor] = {}
    for name, weight in model.items():
        matched = _REFERENCE_NAME.fullmatch(name)
        if matched is None or not isinstance(weight, Tensor):
            raise _no_gates(path)
        number = 2 * int(matched[1]) + (matched[2] == "mlp")
        placed[int(matched[3]), number] = weight.float().flatten()
    steps = 1 + max(step for step, _ in placed)
    modules = 1 + max(number for _, number in placed)
    places = [(steps - 1 - step, number) for step in range(steps) for number in range(modules)]
    if set(places) != set(placed) or len({weight.shape for weight in placed.values()}) != 1:
        raise LazyDiTError(f"{path} lacks gates of some modules or steps: give a complete file")
    weights = torch.stack([placed[place] for place in places]).view(steps, modules, -1)
    return GateSet(weights=weights, timesteps=Schedule.spaced(steps).timesteps, name=str(steps))


def _kind(number: int) -> str:
    return "mlp" if number % 2 else "attn"


def _no_gates(path: Path) -> LazyDiTError:
    return LazyDiTError(f"{path} is not a gate file: give one that lazydit learn wrote")
