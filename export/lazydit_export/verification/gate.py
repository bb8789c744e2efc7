"""The parity gate: a written bundle must do what PyTorch does, or export fails."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from lazydit.diffusion import Schedule
from lazydit.errors import LazyDiTError
from lazydit.gates import GateSet
from lazydit.models.dit import DiT
from lazydit_export.split import Program
from lazydit_export.verification.bars import BARS, Bars
from lazydit_export.verification.calibrate import calibrate
from lazydit_export.verification.compare import TOLERANCE, Comparison, compare
from lazydit_export.verification.lazy_ratios import Wish, measure_ratios, wishes_for
from lazydit_export.verification.program_errors import program_errors
from lazydit_export.verification.runs import (
    Case,
    Image,
    Runs,
    cases_of,
    run_bundle,
    run_policy,
    run_pytorch,
    spread_images,
)
from lazydit_runtime.manifest import CalibrationPoint, LazyRatios
from lazydit_runtime.pipeline import Pipeline

IMAGES = 3
"""How many images of every case the gate compares."""

CALIBRATION_IMAGES = 12
"""How many images the lazy ratios are measured on."""

LARGE_WEIGHTS = 250_000_000
"""From so many weights on a model is large: an image of it takes PyTorch minutes."""

LARGE_IMAGES = 1
LARGE_STEPS = 4
"""The step count of a large model without gates; those of gate sets stay as they are."""

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
    def large(self) -> bool:
        """Whether less is compared than for other models."""
        return sum(weight.numel() for weight in self.model.parameters()) >= LARGE_WEIGHTS

    @property
    def images(self) -> list[Image]:
        count = LARGE_IMAGES if self.large else IMAGES
        return spread_images(count, self.model.config.num_classes)

    @property
    def cases(self) -> list[Case]:
        defaults = self.pipeline.bundle.manifest.defaults
        steps = LARGE_STEPS if self.large else defaults.steps
        return cases_of(self.gate_sets, defaults.guidance, steps)

    @property
    def wishes(self) -> dict[int, list[Wish]]:
        """The lazy ratios to look for, by step count."""
        counts = sorted({gates.steps for gates in self.gate_sets})
        by_steps = {
            steps: wishes_for([gates for gates in self.gate_sets if gates.steps == steps])
            for steps in counts
        }
        return {steps: wishes for steps, wishes in by_steps.items() if wishes}

    @property
    def calibration_images(self) -> int:
        """How many images the lazy ratios are measured on unless told otherwise."""
        return LARGE_IMAGES if self.large else CALIBRATION_IMAGES

    @property
    def left_out(self) -> tuple[str, ...]:
        """What was not compared because the model is large, in a sentence."""
        if not self.large:
            return ()
        return (
            f"The model is large, so that {LARGE_IMAGES} image of every case was compared in place "
            f"of {IMAGES}, and where there are no gates in {LARGE_STEPS} steps.",
        )


@dataclass(frozen=True, eq=False)
class Verification:
    """What the gate found: every case, and every program's error, both in running order.

    `bars` are those of the bundle's precision, `runs` the bundle's generations. `left_out` says, in
    sentences, what was not compared though it could be.
    """

    bars: Bars
    comparisons: tuple[Comparison, ...]
    errors: dict[str, float]
    runs: dict[Case, Runs]
    left_out: tuple[str, ...] = ()

    @property
    def worst_program(self) -> str:
        return max(self.errors, key=self.errors.__getitem__)

    def require_passed(self) -> None:
        """Raise LazyDiTError, naming the program to blame, unless all cases passed."""
        failed = next((item for item in self.comparisons if not item.passed(self.bars)), None)
        if failed is not None:
            raise LazyDiTError(
                f"{self._complaint(failed)}; {self._blame()}, so nothing was written"
            )

    def _complaint(self, failed: Comparison) -> str:
        case, bars = failed.case, self.bars
        setting = f"{case.gates_name or f'{case.steps} steps'}, guidance {case.guidance or 'off'}"
        found = (
            f"{failed.different} of {failed.decisions} decisions differ by more than {TOLERANCE:g}"
            if failed.agreement < bars.min_agreement
            else f"the PSNR is {failed.psnr:.1f} dB instead of at least {bars.min_psnr:g}"
        )
        return (
            f"the bundle disagrees with PyTorch under policy {case.policy} with {setting}: {found}"
        )

    def _blame(self) -> str:
        most = self.bars.max_program_error
        for name, error in self.errors.items():
            if not error <= most:
                return f"{name} is the first program that differs (error {error:.1e})"
        worst = self.worst_program
        return (
            f"no program differs by itself by more than {most:g} (the worst is {worst}, error "
            f"{self.errors[worst]:.1e}), which leaves split and scheduler, or too coarse weights"
        )

    def to_json(self, executor: str, unchecked: Sequence[str]) -> dict[str, Any]:
        """The manifest's record of the comparison; `unchecked` says what it could not cover."""
        closest = [item.closest for item in self.comparisons if item.closest is not None]
        psnr = min(item.psnr for item in self.comparisons)
        return {
            "executor": executor,
            "images": sum(item.images for item in self.comparisons),
            "decisions": sum(item.decisions for item in self.comparisons),
            "different": sum(item.different for item in self.comparisons),
            "agreement": min(item.agreement for item in self.comparisons),
            "followed": sum(item.followed for item in self.comparisons),
            "closest": min(closest, default=None),
            "psnr": psnr if math.isfinite(psnr) else None,
            "worst_program": self.worst_program,
            "worst_program_error": self.errors[self.worst_program],
            "bars": dataclasses.asdict(self.bars),
            "unchecked": [*unchecked, *self.left_out],
        }


def verify(subject: Subject, on_case: OnCase) -> Verification:
    """Runs every case by the bundle and by PyTorch, and every program alone."""
    bars = BARS[subject.pipeline.bundle.manifest.precision]
    runs, comparisons = {}, []
    for case in subject.cases:
        runs[case] = run_bundle(subject.pipeline, case, subject.images)
        comparisons.append(_compare_with_pytorch(subject, case, runs[case]))
        on_case(f"{case.policy} {case.gates_name or case.steps}")
    timesteps = _probed_timesteps(max(case.steps for case in subject.cases))
    errors = program_errors(subject.programs, subject.pipeline.executor, timesteps, label=0)
    return Verification(bars, tuple(comparisons), errors, runs, subject.left_out)


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


def measure_all_ratios(
    subject: Subject, runs: dict[Case, Runs], count: int, on_wish: OnCase
) -> tuple[LazyRatios, ...]:
    """The lazy ratios of every step count, from `count` images at the default guidance."""
    guidance = subject.pipeline.bundle.manifest.defaults.guidance
    images = spread_images(count, subject.model.config.num_classes)
    measured = []
    for steps, wishes in subject.wishes.items():
        known = {
            gates.name: runs[Case(steps, guidance, gates)]
            for gates in subject.gate_sets
            if gates.steps == steps
        }
        sample = partial(run_policy, subject.model, images=images, steps=steps, guidance=guidance)
        measured.append(measure_ratios(wishes, count, known, sample, on_wish))
    return tuple(measured)


def _probed_timesteps(steps: int) -> list[int]:
    """The first, a middle and the last timestep of a schedule."""
    timesteps = Schedule.spaced(steps).timesteps
    return sorted({timesteps[0], timesteps[steps // 2], timesteps[-1]}, reverse=True)
