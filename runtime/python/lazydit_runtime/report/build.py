"""A report's sections in order, from a pipeline and what was measured elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lazydit.analysis.schema import Analysis
from lazydit.errors import LazyDiTError
from lazydit.quality import QualityRun
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.pipeline import Pipeline
from lazydit_runtime.report.analysis import analysis_section
from lazydit_runtime.report.bundle_facts import bundle_section, summary
from lazydit_runtime.report.content import Section
from lazydit_runtime.report.drawing import Drawn, contestants, draw, picture_grid
from lazydit_runtime.report.latency import latency_section, read_latency
from lazydit_runtime.report.maps import decision_maps
from lazydit_runtime.report.page import render_page
from lazydit_runtime.report.quality import quality_section


@dataclass(frozen=True, eq=False)
class Measured:
    """What was measured before, where there is any."""

    quality: QualityRun | None
    analysis: Analysis | None
    latency: Mapping[str, Any] | None

    @classmethod
    def read(
        cls, *, quality: Path | None, analysis: Path | None, latency: Path | None
    ) -> "Measured":
        """From files; LazyDiTError where one is not what it should be."""
        return cls(
            None if quality is None else QualityRun.read(quality),
            None if analysis is None else Analysis.read(analysis),
            None if latency is None else read_latency(latency),
        )

    def check(self, bundle: Bundle) -> None:
        """Raises LazyDiTError where something was measured with other weights than the bundle's."""
        found = {
            "quality": self.quality and self.quality.checkpoint_sha256,
            "analysis": self.analysis and self.analysis.setup.sha256,
            "latency": self.latency and self.latency.get("checkpoint_sha256"),
        }
        for what, sha256 in found.items():
            if sha256 not in (None, bundle.manifest.model.checkpoint_sha256):
                raise LazyDiTError(
                    f"the {what} file is about another checkpoint than {bundle.directory}: "
                    "measure this bundle's"
                )


def build_report(
    pipeline: Pipeline,
    measured: Measured,
    *,
    steps: int | None,
    labels: Sequence[int],
    seed: int,
) -> str:
    """The HTML of the page. Draws images of `labels` from the noise of `seed` on the way."""
    bundle = pipeline.bundle
    steps = steps or bundle.manifest.defaults.steps
    drawn = draw(pipeline, contestants(bundle, steps), labels, seed, shown=True)
    again = f"lazydit report {bundle.directory} --steps {steps} --seed {seed}"
    sections = [
        bundle_section(bundle),
        _quality(bundle, measured.quality),
        _images(bundle, drawn, labels, again),
        _maps(bundle, drawn, again),
        _analysis(measured.analysis),
        _latency(bundle, measured.latency),
    ]
    manifest = bundle.manifest
    return render_page(f"LazyDiT: {manifest.model.name}", summary(manifest), sections)


def _images(bundle: Bundle, drawn: Sequence[Drawn], labels: Sequence[int], again: str) -> Section:
    title, text = (
        "The same noise under every policy",
        [
            "Columns are labels; all images of a column start from the same noise. Plain DDIM "
            "with fewer steps stands below the gates that run about as many modules. Times are of "
            "single images and tell little: the latency table is for that."
        ],
    )
    if bundle.manifest.model.image is None:
        missing = "This bundle ends at the latent, so there are no images to show."
        return Section(id="images", title=title, missing=missing)
    return Section(
        id="images", title=title, text=text, grid=picture_grid(drawn, labels), commands=[again]
    )


def _maps(bundle: Bundle, drawn: Sequence[Drawn], again: str) -> Section:
    thresholds = {
        spec.name: (spec.thresholds.attn, spec.thresholds.mlp) for spec in bundle.manifest.gate_sets
    }
    return Section(
        id="maps",
        title="Decisions, step by step",
        text=["Which modules ran at which step, attention above feedforward."],
        maps=decision_maps(drawn, thresholds),
        commands=[again],
    )


def _quality(bundle: Bundle, run: QualityRun | None) -> Section:
    command = (
        f"python benchmarks/quality.py --bundle {bundle.directory} --images 300 -o json "
        "> quality.json"
    )
    if run is not None:
        return quality_section(run, command)
    return _left_out("quality", "Quality against cost", command, "--quality quality.json")


def _analysis(analysis: Analysis | None) -> Section:
    if analysis is None:
        command = "lazydit analyze CHECKPOINT --gates GATES --out analysis"
        given = "--analysis analysis/analysis.json"
        return _left_out("analysis", "Why it can be lazy", command, given)
    setup = analysis.setup
    return analysis_section(
        analysis, f"lazydit analyze --steps {setup.steps} --images {setup.images}"
    )


def _latency(bundle: Bundle, run: Mapping[str, Any] | None) -> Section:
    command = f"python benchmarks/latency.py --bundle {bundle.directory} -o json > latency.json"
    if run is None:
        return _left_out("latency", "Latency", command, "--latency latency.json")
    return latency_section(run, command)


def _left_out(id_: str, title: str, command: str, given: str) -> Section:
    return Section(
        id=id_,
        title=title,
        missing=f"Not measured for this page: make the file and give it as {given}.",
        commands=[command],
    )
