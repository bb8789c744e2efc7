"""Gate sets: the learned gates of one model for one step count, and the files they live in.

Gates are those of Shen et al., "LazyDiT: Lazy Learning for the Acceleration of Diffusion
Transformers", 2025. Their public code keeps them in .pt files; this project in safetensors.
"""

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from lazydit.checkpoints import load_pickle
from lazydit.diffusion import TRAIN_TIMESTEPS, Schedule
from lazydit.errors import LazyDiTError
from lazydit.files import existing_file, replace_file
from lazydit.models.dit import DiTConfig

FORMAT = "lazydit-gates-1"
_REFERENCE_NAME = re.compile(r"block_(\d+)_(attn|mlp)_lazy_learning_weight_(\d+)")
_SETTINGS = (
    "timesteps",
    "threshold_attn",
    "threshold_mlp",
    "max_reuse",
    "extrapolate",
    "target_ratio",
)


@dataclass(frozen=True, kw_only=True, eq=False)
class GateSet:
    """One gate per sampling step and module; T steps, L blocks, D width.

    `weights` is float32 [T, 2L, D] and `timesteps` has T entries, both in sampling order (step 0
    is the noisiest, timesteps descend). A module runs iff its score reaches the threshold of its
    kind. `max_reuse` is how many steps in a row one module may be reused (None: no limit),
    `extrapolate` whether a reused output is extrapolated from the last two, `target_ratio` the lazy
    ratio that learning aimed at (None: not known).

    Raises LazyDiTError when the values contradict each other.
    """

    name: str
    weights: Tensor
    timesteps: tuple[int, ...]
    threshold_attn: float = 0.5
    threshold_mlp: float = 0.5
    max_reuse: int | None = None
    extrapolate: bool = False
    target_ratio: float | None = None

    def __post_init__(self) -> None:
        problem = _contradiction(self)
        if problem is not None:
            raise LazyDiTError(f"gate set {self.name} {problem}: learn the gates again")

    @property
    def steps(self) -> int:
        return len(self.timesteps)

    @property
    def depth(self) -> int:
        return self.weights.shape[1] // 2

    @property
    def width(self) -> int:
        return self.weights.shape[2]

    def check_model(self, config: DiTConfig) -> None:
        """Raises LazyDiTError unless these gates fit a model of this shape."""
        for what, own, models in (
            ("width", self.width, config.width),
            ("depth", self.depth, config.depth),
        ):
            if own != models:
                raise LazyDiTError(
                    f"gate set {self.name} is for {what} {own} and the model has {what} {models}: "
                    "use gates that were learned for this model"
                )

    def check_schedule(self, schedule: Schedule) -> None:
        """Raises LazyDiTError unless these gates were learned for these timesteps."""
        if self.steps != len(schedule):
            raise LazyDiTError(
                f"gate set {self.name} is for {self.steps} steps and not for {len(schedule)}: "
                f"sample {self.steps} steps, or learn gates for {len(schedule)}"
            )
        if self.timesteps != schedule.timesteps:
            raise LazyDiTError(
                f"gate set {self.name} was learned for other timesteps than the schedule's: "
                "use the schedule that it was learned for"
            )


def gate_set_name(steps: int, target_ratio: float) -> str:
    """The name of a learned gate set, for example 10-r30."""
    return f"{steps}-r{round(100 * target_ratio)}"


def load_gates(path: Path) -> list[GateSet]:
    """All gate sets of a safetensors file, or the one of the reference code's .pt file.

    No code from the file is run. Raises LazyDiTError when it holds no gates.
    """
    path = existing_file(Path(path), "gate file")
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    return [_read_reference(path)]


def save_gates(gate_sets: Sequence[GateSet], path: Path) -> None:
    """Write gate sets of different names to one safetensors file."""
    tensors = {gates.name: gates.weights.detach().cpu().contiguous() for gates in gate_sets}
    if len(tensors) < len(gate_sets):
        raise LazyDiTError("two gate sets have the same name: give each its own")
    settings = {
        gates.name: {setting: getattr(gates, setting) for setting in _SETTINGS}
        for gates in gate_sets
    }
    metadata = {"format": FORMAT, "gate_sets": json.dumps(settings)}
    replace_file(path, lambda temporary: save_file(tensors, temporary, metadata))


def save_reference_gates(gates: GateSet, path: Path) -> None:
    """Write one gate set as the reference code does; thresholds and limits have no place there."""
    weights = {
        f"block_{module // 2}_{kind}_lazy_learning_weight_{gates.steps - 1 - step}": (
            gates.weights[step, module].detach().cpu().clone().unsqueeze(0)
        )
        for step in range(gates.steps)
        for module, kind in enumerate(("attn", "mlp") * gates.depth)
    }
    content = {"model": weights, "opt": {}, "args": argparse.Namespace(), "epoch": 0, "step": 0}
    replace_file(path, lambda temporary: torch.save(content, temporary))


def _contradiction(gates: GateSet) -> str | None:
    weights, timesteps = gates.weights, gates.timesteps
    if weights.ndim != 3 or weights.shape[1] % 2 or 0 in weights.shape:
        return f"has weights of shape {tuple(weights.shape)}, not [steps, 2 x depth, width]"
    if weights.dtype != torch.float32 or not bool(weights.isfinite().all()):
        return "has weights that are not finite float32 numbers"
    if len(timesteps) != weights.shape[0]:
        return f"has {len(timesteps)} timesteps for {weights.shape[0]} steps"
    if list(timesteps) != sorted(set(timesteps), reverse=True) or timesteps[-1] < 0:
        return "has timesteps that do not descend to 0 or more"
    if not all(0 <= value <= 1 for value in (gates.threshold_attn, gates.threshold_mlp)):
        return "has a threshold outside 0 .. 1"
    if gates.max_reuse is not None and gates.max_reuse < 1:
        return f"has a max_reuse of {gates.max_reuse}, which is below 1"
    return None


def _read_safetensors(path: Path) -> list[GateSet]:
    try:
        with safe_open(path, framework="pt") as opened:
            metadata = opened.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise _no_gates(path)
            settings = json.loads(metadata["gate_sets"])
            return [_gate_set(name, opened.get_tensor(name), settings[name]) for name in settings]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _no_gates(path) from error
    except (SafetensorError, OSError) as error:
        raise LazyDiTError(f"{path} is not a readable gate file: it may be truncated") from error


def _gate_set(name: str, weights: Tensor, settings: Mapping[str, Any]) -> GateSet:
    max_reuse, target_ratio = settings["max_reuse"], settings["target_ratio"]
    return GateSet(
        name=name,
        weights=weights,
        timesteps=tuple(int(timestep) for timestep in settings["timesteps"]),
        threshold_attn=float(settings["threshold_attn"]),
        threshold_mlp=float(settings["threshold_mlp"]),
        max_reuse=None if max_reuse is None else int(max_reuse),
        extrapolate=bool(settings.get("extrapolate", False)),
        target_ratio=None if target_ratio is None else float(target_ratio),
    )


def _read_reference(path: Path) -> GateSet:
    content = load_pickle(path, "gate file")
    entries = content.get("model") if isinstance(content, dict) else None
    if not isinstance(entries, dict) or not entries:
        raise _no_gates(path)
    gates: dict[tuple[int, int], Tensor] = {}
    for key, value in entries.items():
        match = _REFERENCE_NAME.fullmatch(str(key))
        if match is None or not isinstance(value, Tensor):
            raise _no_gates(path)
        block, kind, index = match.groups()
        gates[int(index), 2 * int(block) + (kind == "mlp")] = value.detach().float().reshape(-1)
    steps, modules = (1 + max(position) for position in zip(*gates, strict=True))
    if len(gates) != steps * modules or len({len(gate) for gate in gates.values()}) > 1:
        raise LazyDiTError(f"{path} lacks some of its gates: save them all again")
    if steps > TRAIN_TIMESTEPS:
        raise _no_gates(path)
    # The file counts steps from the least noisy one.
    rows = [
        torch.stack([gates[steps - 1 - step, module] for module in range(modules)])
        for step in range(steps)
    ]
    return GateSet(
        name=f"{steps}-reference",
        weights=torch.stack(rows),
        timesteps=Schedule.spaced(steps).timesteps,
    )


def _no_gates(path: Path) -> LazyDiTError:
    return LazyDiTError(
        f"{path} holds no gates: give a file that lazydit learn or the reference code wrote"
    )
