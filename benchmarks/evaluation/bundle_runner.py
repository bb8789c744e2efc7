"""Drawing with a bundle on an executor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from evaluation.cases import Case, GateChoice
from evaluation.runners import Drawn, Subject
from lazydit.models.dit import DiTConfig
from lazydit_runtime import Always, EveryN, FixedSchedule, Lazy, Pipeline, Policy, Request, Result
from lazydit_runtime.executors import executor_for
from lazydit_runtime.manifest import GateSetSpec
from lazydit_runtime.policies import MaxReuse
from lazydit_runtime.signatures import image_shape


class BundleRunner:
    """`lazydit_runtime.Pipeline`, one image after the other."""

    def __init__(
        self,
        bundle: Path,
        executor: str | None,
        threads: int | None,
        guidance: float,
        config: DiTConfig | None,
    ) -> None:
        """`config` is that of the checkpoint that the bundle was made of, if it is at hand.

        Raises LazyDiTError when the bundle cannot be run.
        """
        self._pipeline = Pipeline.load(bundle, executor, threads=threads)
        self._guidance = guidance
        manifest = self._manifest = self._pipeline.bundle.manifest
        self.engine = executor or executor_for(manifest.target)
        self.gate_sets = [self._choice(spec) for spec in manifest.gate_sets]
        self.subject = Subject(
            name=manifest.model.name,
            checkpoint_sha256=manifest.model.checkpoint_sha256,
            precision=manifest.precision,
            num_classes=manifest.model.num_classes,
            modules=len(manifest.graph.modules),
            shape=image_shape(manifest) or manifest.model.latent_shape,
            pixels=manifest.model.image is not None,
            config=config,
        )

    @property
    def extrapolates(self) -> bool:
        return self._manifest.graph.extrapolate is not None

    def settings(self) -> Mapping[str, Any]:
        programs = {program.file for program in self._manifest.programs.values()}
        files = {
            name: entry.sha256
            for name, entry in self._manifest.files.items()
            if any(name == file or name.startswith(f"{file}/") for file in programs)
        }
        return {"engine": self.engine, "programs": files, "guidance": self._guidance}

    def check(self, case: Case) -> None:
        self._pipeline.memory(case.steps, policy_of(case), self._guidance)

    def draw(self, case: Case, labels: Sequence[int], seeds: Sequence[int]) -> Drawn:
        policy = policy_of(case)
        results = self._pipeline.generate_all(
            [
                Request(label, seed, case.steps, self._guidance, policy)
                for label, seed in zip(labels, seeds, strict=True)
            ]
        )
        images = [result.latent if result.pixels is None else result.pixels for result in results]
        return Drawn(np.stack(images), np.stack([self._runs(result) for result in results]))

    def image_ms(self, case: Case, label: int, seed: int) -> float:
        result = self._pipeline.generate(
            label, seed, case.steps, self._guidance, policy=policy_of(case)
        )
        return result.timings.total_ms

    def close(self) -> None:
        self._pipeline.close()

    def _runs(self, result: Result) -> np.ndarray[Any, np.dtype[np.int64]]:
        kinds = np.array([module.kind for module in self._manifest.graph.modules])
        per_module = result.trace.ran.sum(axis=(0, 1), dtype=np.int64)
        return np.array([per_module[kinds == kind].sum() for kind in ("attn", "mlp")])

    def _choice(self, spec: GateSetSpec) -> GateChoice:
        weights = self._manifest.files[spec.file].sha256
        return GateChoice(
            name=spec.name,
            steps=spec.steps,
            target_ratio=spec.target_ratio,
            extrapolate=spec.extrapolate,
            digest=f"{weights} {spec.timesteps} {spec.thresholds} {spec.max_reuse}",
        )


def policy_of(case: Case) -> Policy:
    """The runtime's policy of a case."""
    limit: MaxReuse = "stored" if case.max_reuse is None else case.max_reuse
    if case.policy == "lazy":
        return Lazy(case.gates)
    if case.policy == "every-n":
        return EveryN(case.every or 1, limit, case.extrapolate)
    if case.policy == "schedule":
        return FixedSchedule(case.mask, limit, case.extrapolate)
    return Always()
