"""This project's runtime on a bundle."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from lazydit_runtime import Pipeline, Result
from lazydit_runtime.executors import executor_for, find_executor
from lazydit_runtime.manifest import FILE_NAME, Manifest
from lazydit_runtime.policies import FixedSchedule, Policy, named_policy
from protocol import Case, EngineSpec, ImageTimes
from schedule import spread_schedule

KINDS = ("condition", "embed", "attn", "mlp", "block", "reuse", "final", "decode", "scheduler")


class RuntimeEngine:
    """Draws with `Pipeline`."""

    def __init__(self, spec: EngineSpec) -> None:
        self._spec = spec
        assert spec.bundle is not None
        self._bundle = Path(spec.bundle)
        self._executor = spec.executor or executor_for(self._manifest().target)
        find_executor(self._executor.partition(":")[0])

    def _manifest(self) -> Manifest:
        return Manifest.read(self._bundle / FILE_NAME)

    def prepare(self, folder: Path) -> Path | None:
        return None

    def files(self) -> Iterable[Path]:
        return (path for path in self._bundle.rglob("*") if path.is_file())

    def load(self) -> dict[str, Any]:
        checkpoint = self._spec.checkpoint
        self._pipeline = Pipeline.load(
            self._bundle,
            executor=self._executor,
            threads=self._spec.threads,
            checkpoint=None if checkpoint is None else Path(checkpoint),
        )
        return {}

    def error(self) -> None:
        """Nothing to ask: export has held the bundle against PyTorch."""

    def image(self, case: Case, label: int, seed: int) -> ImageTimes:
        modules = self._pipeline.bundle.manifest.graph.modules
        result = self._pipeline.generate(
            label,
            seed=seed,
            steps=case.steps,
            guidance=self._spec.guidance,
            policy=policy_of(case, len(modules)),
        )
        return image_times(result, [module.kind for module in modules])


def policy_of(case: Case, modules: int) -> Policy:
    if case.ratio is not None:
        return FixedSchedule(spread_schedule(case.steps, modules, case.ratio).tolist())
    return named_policy(case.policy, gates=case.gates)


def image_times(result: Result, kinds: list[str]) -> ImageTimes:
    """`kinds` are those of the modules, in running order."""
    timings, ran = result.timings, result.trace.ran
    of_kind = np.array(kinds)
    return ImageTimes(
        image_ms=timings.total_ms,
        step_ms=list(timings.step_ms),
        lazy_ratio=result.lazy_ratio,
        kind_ms={kind: getattr(timings, f"{kind}_ms") for kind in KINDS},
        runs={kind: int(ran[..., of_kind == kind].sum()) for kind in ("attn", "mlp")},
    )
