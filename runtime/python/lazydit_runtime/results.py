"""What a generation leaves: the image, what it took, and the file of its decisions."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lazydit.errors import LazyDiTError
from lazydit.files import replace_file
from lazydit_runtime.trace import Trace


@dataclass(frozen=True)
class Timings:
    """Wall time of one generation in milliseconds, by kind of program.

    `scheduler_ms` is what was spent in no program; `step_ms` holds one time per step.
    """

    total_ms: float
    condition_ms: float
    embed_ms: float
    attn_ms: float
    mlp_ms: float
    block_ms: float
    reuse_ms: float
    final_ms: float
    decode_ms: float
    scheduler_ms: float
    step_ms: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Result:
    """One generated image.

    Attributes:
        label, seed, steps, guidance: what was asked for; guidance 1 is none.
        policy: the policy's name, and `gates` its gate set's, if it has one.
        thresholds: of attention and feedforward, where there are gates.
        max_reuse: the limit of reuses in a row; None for none.
        latent: float32 [C, h, w].
        pixels: float32 [channels, height, width] in [-1, 1], what `image` shows; None for a
            model of latents whose bundle has no decode.
        trace: every decision.
        timings: where the time went.
    """

    label: int
    seed: int
    steps: int
    guidance: float
    policy: str
    gates: str | None
    thresholds: tuple[float, float] | None
    max_reuse: int | None
    latent: NDArray[np.float32]
    pixels: NDArray[np.float32] | None
    trace: Trace
    timings: Timings

    @cached_property
    def image(self) -> Image.Image:
        """The picture; LazyDiTError when there is none to be made of the latent."""
        if self.pixels is None:
            raise LazyDiTError(
                "this bundle has no decode program: take the latent and decode it yourself"
            )
        if not np.isfinite(self.pixels).all():
            raise LazyDiTError(
                f"the image of label {self.label} grew beyond all numbers: choose a guidance "
                f"closer to 1 than {self.guidance:g}"
            )
        return to_image(self.pixels)

    @property
    def lazy_ratio(self) -> float:
        """Modules reused / modules reached, the first step included."""
        return self.trace.lazy_ratio

    def to_json(self) -> dict[str, Any]:
        """Everything but latent and image, for a trace file."""
        return {
            "label": self.label,
            "seed": self.seed,
            "steps": self.steps,
            "guidance": self.guidance,
            "policy": self.policy,
            "gates": self.gates,
            "thresholds": self.thresholds and list(self.thresholds),
            "max_reuse": self.max_reuse,
            "lazy_ratio": self.lazy_ratio,
            "timings": asdict(self.timings),
            "trace": self.trace.to_json(),
        }


def to_image(pixels: NDArray[np.float32]) -> Image.Image:
    """A picture of pixels [1 or 3, height, width] in [-1, 1]; values beyond are cut."""
    levels = np.rint((np.clip(pixels, -1.0, 1.0) + 1.0) * 127.5).astype(np.uint8)
    return Image.fromarray(levels[0] if len(levels) == 1 else levels.transpose(1, 2, 0))


def write_traces(path: Path, results: Sequence[Result]) -> None:
    """Write the traces of several generations as JSON: {"images": [what Result.to_json gives]}.

    Raises LazyDiTError when `path` cannot be written; it then is what it was before.
    """
    text = json.dumps({"images": [result.to_json() for result in results]}, allow_nan=False)
    replace_file(path, lambda temporary: temporary.write_text(text + "\n", encoding="utf-8"))
