"""Compares the bundle's generations with PyTorch's: decisions and latents."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lazydit.gates import GateSet
from lazydit_export.verification.bars import Bars
from lazydit_export.verification.runs import Case, Runs

TOLERANCE = 1e-4
"""A score this close to its threshold may fall on either side: rounding decides."""


@dataclass(frozen=True)
class Comparison:
    """How one case came out.

    `different` counts decisions that differ though PyTorch's score is further than `TOLERANCE` from
    the threshold: there must be none. `followed` counts images in which PyTorch by itself decides
    otherwise somewhere: these are compared with PyTorch taking the bundle's decisions, so that
    what comes after a difference is judged as well.
    `closest` is the smallest distance of a score to its threshold, None where no gate decided.
    `psnr` (dB) is the worst image's.
    """

    case: Case
    images: int
    decisions: int
    different: int
    followed: int
    closest: float | None
    psnr: float

    @property
    def agreement(self) -> float:
        """The share of decisions that do not count as different."""
        return 1.0 - self.different / self.decisions

    def passed(self, bars: Bars) -> bool:
        """Whether this case reaches `bars`."""
        # Written so that a PSNR of NaN fails.
        return self.agreement >= bars.min_agreement and self.psnr >= bars.min_psnr


def compare(
    case: Case, bundle: Runs, plain: Runs, replayed: Runs, peak: float | None
) -> Comparison:
    """Compares `bundle` with PyTorch.

    `plain` is PyTorch deciding by itself; `replayed` is PyTorch taking the bundle's decisions,
    and the same as `plain` where both decided alike. `peak` is the range of the latents' values,
    None to take it from each latent.
    """
    followed = (bundle.ran != plain.ran).any(axis=(0, 2, 3))
    psnrs = [
        psnr(reference, latent, peak)
        for reference, latent in zip(replayed.latents, bundle.latents, strict=True)
    ]
    verdict = _judge_always(bundle) if case.gates is None else _judge(case.gates, bundle, replayed)
    return Comparison(
        case=case,
        images=len(psnrs),
        decisions=verdict.decisions,
        different=verdict.different,
        followed=int(followed.sum()),
        closest=verdict.closest,
        psnr=float(np.min(psnrs)),
    )


class _Verdict(NamedTuple):
    decisions: int
    different: int
    closest: float | None


def _judge_always(bundle: Runs) -> _Verdict:
    return _Verdict(bundle.ran.size, int((~bundle.ran).sum()), None)


def _judge(gates: GateSet, bundle: Runs, replayed: Runs) -> _Verdict:
    thresholds = np.tile([gates.threshold_attn, gates.threshold_mlp], bundle.ran.shape[-1] // 2)
    # The first step decides nothing: nothing is cached then.
    distance = (replayed.scores - thresholds.astype(np.float32))[1:]
    limited = at_limit(bundle.ran, gates.max_reuse)[1:]
    expected = (distance >= 0) | limited
    rounding = (np.abs(distance) <= TOLERANCE) & ~limited
    different = (bundle.ran[1:] != expected) & ~rounding
    distances = np.abs(distance)[~limited]
    return _Verdict(
        decisions=expected.size,
        different=int(different.sum()) + int((~bundle.ran[0]).sum()),
        closest=float(distances.min()) if distances.size else None,
    )


def at_limit(ran: npt.NDArray[np.bool_], max_reuse: int | None) -> npt.NDArray[np.bool_]:
    """Where `max_reuse` reuses in a row came before, so that the module must run: as `ran`."""
    limited = np.zeros_like(ran)
    if max_reuse is None:
        return limited
    reuses = np.zeros(ran.shape[1:], dtype=np.int64)
    for step, step_ran in enumerate(ran):
        limited[step] = reuses >= max_reuse
        reuses = np.where(step_ran, 0, reuses + 1)
    return limited


def psnr(
    reference: npt.NDArray[np.float32], found: npt.NDArray[np.float32], peak: float | None
) -> float:
    """Peak signal-to-noise ratio in dB over two arrays of one shape.

    Infinite where they are equal, NaN where a value is not finite. `peak` None stands for the
    range of the reference.
    """
    wide = reference.astype(np.float64)
    if peak is None:
        peak = float(np.ptp(wide))
    error = float(np.mean((wide - found) ** 2))
    return math.inf if error == 0 else 20 * math.log10(peak) - 10 * float(np.log10(error))
