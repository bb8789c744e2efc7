"""Drawing with a checkpoint in PyTorch."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from evaluation.cases import Case, GateChoice
from evaluation.runners import UNGUIDED, Drawn, Subject, noise_of
from lazydit.checkpoints import checkpoint_sha256, load_checkpoint
from lazydit.diffusion import Schedule
from lazydit.gates import GateSet, load_gates
from lazydit.policies import Always, EveryN, FixedSchedule, Lazy, Policy
from lazydit.sampling import SampleResult, sample
from models import Weights

PIXEL_CHANNELS = 3
"""A model of three channels draws RGB images; any other draws latents."""


class TorchRunner:
    """`lazydit.sampling` on one device, the images of a call in one batch."""

    engine = "torch"
    extrapolates = True

    def __init__(self, weights: Weights, guidance: float, device: torch.device) -> None:
        """Raises LazyDiTError when checkpoint or gates cannot be read or do not fit together."""
        self._model = load_checkpoint(weights.checkpoint).to(device)
        self._guidance = guidance
        config = self._model.config
        self._gates = {gates.name: gates for path in weights.gates for gates in load_gates(path)}
        for gates in self._gates.values():
            gates.check_model(config)
        self.gate_sets = [_choice(gates) for gates in self._gates.values()]
        self.subject = Subject(
            name=weights.name,
            checkpoint_sha256=checkpoint_sha256(Path(weights.checkpoint)),
            precision="fp32",
            num_classes=config.num_classes,
            modules=config.num_modules,
            shape=(config.in_channels, config.input_size, config.input_size),
            pixels=config.in_channels == PIXEL_CHANNELS,
            config=config,
        )

    def settings(self) -> Mapping[str, Any]:
        return {
            "engine": self.engine,
            "checkpoint": self.subject.checkpoint_sha256,
            "guidance": self._guidance,
        }

    def check(self, case: Case) -> None:
        self._policy(case).check(self._model.config, self._schedule(case))

    def draw(self, case: Case, labels: Sequence[int], seeds: Sequence[int]) -> Drawn:
        result = self._sample(case, labels, seeds)
        runs = result.ran.sum(dim=(0, 2)).view(len(labels), -1, 2).sum(dim=1)
        return Drawn(result.latent.cpu().numpy(), runs.cpu().numpy())

    def image_ms(self, case: Case, label: int, seed: int) -> float:
        began = time.perf_counter()
        # Copied to the CPU, an image is certain to be finished.
        self._sample(case, [label], [seed]).latent.cpu()
        return (time.perf_counter() - began) * 1e3

    def close(self) -> None:
        pass

    def _sample(self, case: Case, labels: Sequence[int], seeds: Sequence[int]) -> SampleResult:
        return sample(
            self._model,
            torch.tensor(labels),
            torch.stack([noise_of(seed, self.subject.shape) for seed in seeds]),
            self._schedule(case),
            self._policy(case),
            None if self._guidance == UNGUIDED else self._guidance,
        )

    def _schedule(self, case: Case) -> Schedule:
        return Schedule.spaced(case.steps)

    def _policy(self, case: Case) -> Policy:
        if case.policy == "lazy":
            return Lazy.stored(self._gates[case.gates or ""])
        if case.policy == "every-n":
            return EveryN(case.every or 1, case.max_reuse, case.extrapolate)
        if case.policy == "schedule":
            return FixedSchedule(torch.tensor(case.mask), case.max_reuse, case.extrapolate)
        return Always()


def _choice(gates: GateSet) -> GateChoice:
    settings = (gates.timesteps, gates.threshold_attn, gates.threshold_mlp, gates.max_reuse)
    digest = hashlib.sha256(gates.weights.numpy().tobytes() + repr(settings).encode())
    return GateChoice(
        gates.name, gates.steps, gates.target_ratio, gates.extrapolate, digest.hexdigest()
    )
