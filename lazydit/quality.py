"""How good the images of each policy are, and what they cost: the JSON of benchmarks/quality.py.

The dataclasses' fields are the file's keys; `QualityRun.read` refuses what does not fit them.
"""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from lazydit.decoding import decode
from lazydit.errors import LazyDiTError
from lazydit.files import replace_file

EqualCost = Literal["modules", "multiply-adds", "time"]
Clock = Literal["wall", "processor"]


@dataclass(frozen=True)
class Estimate:
    """A value of all images, and the 95 % confidence interval from `low` to `high`."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class ImageTime:
    """Milliseconds of one image, drawn alone: median and quartiles of the rounds."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Comparison:
    """A policy against plain DDIM that costs as much.

    Attributes:
        equal: in what the two cost as much. "modules": plain DDIM runs, in whole steps, as many
            modules as the policy did; the other two are interpolated between step counts.
        steps: of that plain DDIM.
        error, frechet: the policy's over plain DDIM's; below 1 the policy is better.
        accuracy: the policy's less plain DDIM's; above 0 the policy is better.
    """

    equal: EqualCost
    steps: float
    error: Estimate
    frechet: Estimate | None
    accuracy: Estimate | None


@dataclass(frozen=True)
class PolicyQuality:
    """A policy at a step count.

    Attributes:
        name: unique among those of the same step count, for a table or a legend.
        policy: "always" (plain DDIM), "lazy", "every-n" or "schedule".
        family: what belongs to one curve: policies that differ in step count or ratio alone.
        gates: the gate set of "lazy".
        extrapolate: whether reused outputs were extrapolated from the last two.
        lazy_ratio: modules reused over modules reached, the mean of all images.
        multiply_adds: of one image, in all matrix products that ran; None where the model's shape
            is not known.
        image_ms: None where no time was measured.
        error: mean squared error of the image against the reference, values in [-1, 1] for images.
        psnr: in dB against the reference, mean of the images; None for latents.
        frechet: Frechet distance of the features to those of `QualityRun.frechet_to`.
        accuracy: the share of images that the feature network takes for the class asked for.
        comparisons: against plain DDIM, where it was drawn at about the same cost.
    """

    name: str
    policy: str
    family: str
    steps: int
    gates: str | None
    extrapolate: bool
    lazy_ratio: float
    multiply_adds: float | None
    image_ms: ImageTime | None
    error: Estimate
    psnr: Estimate | None
    frechet: Estimate | None
    accuracy: Estimate | None
    comparisons: tuple[Comparison, ...]

    def against(self, equal: EqualCost) -> Comparison | None:
        """The comparison at equal cost of that kind, if there is one."""
        return next((found for found in self.comparisons if found.equal == equal), None)


@dataclass(frozen=True)
class QualityRun:
    """One run: all policies drew the same labels from the same noise.

    Attributes:
        model: its name, and `checkpoint_sha256` the file's.
        engine: "torch" for the checkpoint in PyTorch, else the executor that ran a bundle.
        precision: of the weights that were run.
        device, processor, machine, cpus, threads: what it ran on; `cpus` are the machine's,
            `threads` None is the engine's own choice.
        versions: of the packages that matter, by name.
        guidance: scale of classifier-free guidance; 1 is none.
        images: how many each policy drew; image i has label i modulo the number of classes and the
            noise of seed `first_seed` + i.
        reference_steps: of plain DDIM, whose images are the reference.
        pixels: whether what was compared is images in [-1, 1], and not latents.
        features: the feature network's name, None without one.
        frechet_to: the real images that the distance is to, or "reference".
        rounds: how often each policy was timed; 0 if it was not.
        clock: what the times are: "wall", or "processor" time of all threads.
        doubts: sentences on what to trust less.
    """

    SCHEMA_VERSION: ClassVar[int] = 1

    model: str
    checkpoint_sha256: str
    engine: str
    precision: str
    device: str
    processor: str
    machine: str
    cpus: int
    threads: int | None
    versions: Mapping[str, str]
    guidance: float
    images: int
    first_seed: int
    reference_steps: int
    pixels: bool
    features: str | None
    frechet_to: str | None
    rounds: int
    clock: Clock
    policies: tuple[PolicyQuality, ...]
    doubts: tuple[str, ...]

    @property
    def plain(self) -> tuple[PolicyQuality, ...]:
        """Plain DDIM, by step count."""
        plain = (policy for policy in self.policies if policy.policy == "always")
        return tuple(sorted(plain, key=lambda policy: policy.steps))

    @classmethod
    def read(cls, path: Path) -> "QualityRun":
        """The run in a JSON file; LazyDiTError when it is none of this version."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise LazyDiTError(
                f"{path} cannot be read ({error.strerror}): check the path"
            ) from error
        except (ValueError, RecursionError) as error:
            raise _not_a_run(path, "it is not JSON") from error
        return cls.from_json(content, path)

    @classmethod
    def from_json(cls, content: Any, source: Path) -> "QualityRun":
        """What `to_json` gave; `source` is named in errors."""
        if not isinstance(content, dict) or "schema_version" not in content:
            raise _not_a_run(source, "it has no schema_version")
        version = content["schema_version"]
        if version != cls.SCHEMA_VERSION:
            raise LazyDiTError(
                f"{source} has schema {version}, this version of lazydit reads "
                f"{cls.SCHEMA_VERSION}: run benchmarks/quality.py again"
            )
        fields = {key: value for key, value in content.items() if key != "schema_version"}
        try:
            return decode(cls, fields, "the run")
        except ValueError as error:
            raise _not_a_run(source, str(error)) from error

    def to_json(self) -> dict[str, Any]:
        """Plain lists and dictionaries under the fields' names, and `schema_version`."""
        return {"schema_version": self.SCHEMA_VERSION, **dataclasses.asdict(self)}

    def write(self, path: Path) -> None:
        """Write what `read` reads, whole or not at all; ValueError where a number is not finite."""
        text = json.dumps(self.to_json(), indent=1, allow_nan=False) + "\n"
        replace_file(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def _not_a_run(source: Path, why: str) -> LazyDiTError:
    return LazyDiTError(f"{source} is no run of benchmarks/quality.py ({why}): give its -o json")
