"""The parity gate: a written bundle must do what PyTorch does, or export fails."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lazydit.diffusion import Schedule
from lazydit.errors import LazyDiTError
from lazydit.gates import GateSet
from lazydit.models.dit import DiT
from lazydit_export.split import Program
from lazydit_export.verification.calibrate import calibrate
from lazydit_export.verification.compare import MIN_PSNR, TOLERANCE, Comparison, compare
from lazydit_export.verification.program_errors import first_difference, program_errors
from lazydit_export.verification.runs import (
    Case,
    Image,
    Runs,
    cases_of,
    run_bundle,
    run_pytorch,
    spread_images,
)
from lazydit_runtime.manifest import CalibrationPoint
from lazydit_runtime.pipeline import Pipeline

IMAGES = 3
"""How many images of every case the gate compares."""

PIXEL_PEAK = 2.0
"""The range of latents that are images: [-1, 1]."""

OnCase = Callable[[str], None]
"""Told the name of every case once it is done."""


@dataclass(frozen=True, eq=False)
class Subject:
    """A written bundle, as `pipeline` runs it, and what it was made from."""

    pipeline: Pipeline
    model: DiT
    programs: Sequence[Program]
    gate_sets: Sequence[GateSet]

    @property
    def peak(self) -> float | None:
        """The range of the latents' values where it is known."""
        return PIXEL_PEAK if self.pipeline.bundle.manifest.model.image == "latent" else None

    @property
    def images(self) -> list[Image]:
        return spread_images(IMAGES, self.model.config.num_classes)

    @property
    def cases(self) -> list[Case]:
        defaults = self.pipeline.bundle.manifest.defaults
        return cases_of(self.gate_sets, defaults.guidance, defaults.steps)


@dataclass(frozen=True, eq=False)
class Verification:
    """What the gate found: every case, and every program's error, both in running order.

    `runs` are the bundle's generations.
    """

    comparisons: tuple[Comparison, ...]
    errors: dict[str, float]
    runs: dict[Case, Runs]

    @property
    def worst_program(self) -> str:
        return max(self.errors, key=self.errors.__getitem__)

    def require_passed(self) -> None:
        """Raise LazyDiTError, naming the first program that differs, unless all cases passed."""
        failed = next((item for item in self.comparisons if not item.passed), None)
        if failed is not None:
            raise LazyDiTError(_complaint(failed, self.errors))

    def to_json(self, executor: str) -> dict[str, Any]:
        """The manifest's record of the comparison."""
        closest = [item.closest for item in self.comparisons if item.closest is not None]
        psnr = min(item.psnr for item in self.comparisons)
        return {
            "executor": executor,
            "images": sum(item.images for item in self.comparisons),
            "decisions": sum(item.decisions for item in self.comparisons),
            "different": sum(item.different for item in self.comparisons),
            "followed": sum(item.followed for item in self.comparisons),
            "closest": min(closest, default=None),
            "psnr": psnr if math.isfinite(psnr) else None,
            "worst_program": self.worst_program,
            "worst_program_error": self.errors[self.worst_program],
        }


def verify(subject: Subject, on_case: OnCase) -> Verification:
    """Runs every case by the bundle and by PyTorch, and every program alone."""
    runs, comparisons = {}, []
    for case in subject.cases:
        runs[case] = run_bundle(subject.pipeline, case, subject.images)
        comparisons.append(_compare_with_pytorch(subject, case, runs[case]))
        on_case(f"{case.policy} {case.gates_name or case.steps}")
    timesteps = _probed_timesteps(max(case.steps for case in subject.cases))
    errors = program_errors(subject.programs, subject.pipeline.executor, timesteps, label=0)
    return Verification(tuple(comparisons), errors, runs)


def _compare_with_pytorch(subject: Subject, case: Case, runs: Runs) -> Comparison:
    plain = replayed = run_pytorch(subject.model, case, subject.images)
    if (plain.ran != runs.ran).any():
        replayed = run_pytorch(subject.model, case, subject.images, followed=runs)
    return compare(case, runs, plain, replayed, subject.peak)


def calibrate_all(
    subject: Subject, runs: dict[Case, Runs], on_case: OnCase
) -> dict[str, tuple[CalibrationPoint, ...]]:
    """The calibration of every gate set by name, at the default guidance."""
    guidance = subject.pipeline.bundle.manifest.defaults.guidance
    calibration = {}
    for gates in subject.gate_sets:
        case = Case(gates.steps, guidance, gates)
        always = runs[Case(gates.steps, guidance)]
        calibration[gates.name] = calibrate(
            subject.pipeline, case, subject.images, runs[case], always, subject.peak
        )
        on_case(f"calibration {gates.name}")
    return calibration


def _probed_timesteps(steps: int) -> list[int]:
    """The first, a middle and the last timestep of a schedule."""
    timesteps = Schedule.spaced(steps).timesteps
    return sorted({timesteps[0], timesteps[steps // 2], timesteps[-1]}, reverse=True)


def _complaint(failed: Comparison, errors: dict[str, float]) -> str:
    case = failed.case
    found = (
        f"{failed.different} of {failed.decisions} decisions differ by more than {TOLERANCE:g}"
        if failed.different
        else f"the PSNR is {failed.psnr:.1f} dB instead of at least {MIN_PSNR:g}"
    )
    first = first_difference(errors)
    blame = (
        f"{first} is the first program that differs (error {errors[first]:.1e})"
        if first is not None
        else "no program differs by itself, which leaves split and scheduler"
    )
    return (
        f"the bundle disagrees with PyTorch under policy {case.policy} with "
        f"{case.gates_name or f'{case.steps} steps'}, guidance {case.guidance or 'off'}: {found}; "
        f"{blame}, so nothing was written"
    )
