"""The stages of an export, in order: split, lower, write, verify, calibrate."""

from collections.abc import Sequence
from pathlib import Path

from lazydit.directories import new_directory
from lazydit.errors import LazyDiTError
from lazydit.gates import GateSet
from lazydit.models.dit import DiT
from lazydit_export.describe import describe, gate_file, with_findings
from lazydit_export.interrupt import KeptInterrupt
from lazydit_export.kept_files import KeptFiles
from lazydit_export.recipe import ExportRecipe, Source, read_source
from lazydit_export.report import Report
from lazydit_export.split import Program, split
from lazydit_export.targets.target import FinishedFiles, Target
from lazydit_export.verification.gate import Subject, calibrate_all, measure_all_ratios, verify
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.manifest import FILE_NAME, LazyRatios, Manifest
from lazydit_runtime.pipeline import Pipeline


def export(recipe: ExportRecipe, report: Report) -> None:
    """Makes the bundle that `recipe` describes, verified; `report` is told of every stage.

    Raises LazyDiTError, and leaves nothing behind, when an input is unusable, the bundle cannot be
    written, or it disagrees with PyTorch. KeyboardInterrupt leaves nothing at `out`; of a large
    model it leaves the finished files beside it, and the same export goes on from there.
    """
    source = read_source(recipe)
    report.started(recipe, source)
    programs = split_for(recipe.target, source.model)
    kept = KeptFiles(recipe, source)
    try:
        with (
            KeptInterrupt() as interrupt,
            new_directory(recipe.out, force=recipe.force, mark=FILE_NAME) as directory,
        ):
            manifest = write_bundle(recipe, source, programs, directory, report, kept)
            interrupt.check()
            _verify(recipe, source, programs, manifest, directory, report)
            interrupt.check()
    except LazyDiTError:
        kept.remove()
        raise
    kept.remove()
    report.finished(recipe, manifest)


def split_for(target: Target, model: DiT) -> list[Program]:
    """The programs that a bundle of `model` for `target` holds."""
    return split(model, target.activation_type, whole_blocks=target.whole_blocks)


def write_bundle(
    recipe: ExportRecipe,
    source: Source,
    programs: Sequence[Program],
    directory: Path,
    report: Report,
    kept: FinishedFiles | None = None,
) -> Manifest:
    """Lowers the programs and writes a bundle that works but has not been verified."""
    with report.progress("lowering", len(programs)) as done:
        lowered = recipe.target.lower(programs, directory, done, kept)
    for gates in source.gate_sets:
        _write_gates(gates, directory)
    manifest = describe(recipe, source, programs, lowered, directory)
    manifest.write(directory / FILE_NAME)
    report.lowered(lowered, manifest)
    return manifest


def _write_gates(gates: GateSet, directory: Path) -> None:
    path = directory / gate_file(gates)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gates.weights.numpy().astype("<f4").tobytes())


def _verify(
    recipe: ExportRecipe,
    source: Source,
    programs: Sequence[Program],
    manifest: Manifest,
    directory: Path,
    report: Report,
) -> None:
    """The parity gate and the calibration; ends with the manifest that holds what they found."""
    with Pipeline.load(directory, executor=recipe.target.executor) as pipeline:
        subject = Subject(pipeline, source.model, programs, source.gate_sets)
        with report.progress("comparing with PyTorch", len(subject.cases)) as done:
            verification = verify(subject, done)
        report.verified(verification, recipe.target)
        verification.require_passed()
        with report.progress("calibrating", len(subject.gate_sets)) as done:
            calibration = calibrate_all(subject, verification.runs, done)
        count = recipe.calibration_images
        if count is None:
            count = subject.calibration_images
        ratios: tuple[LazyRatios, ...] = ()
        if count > 0:
            wishes = sum(len(wishes) for wishes in subject.wishes.values())
            with report.progress(f"lazy ratios, {count} images each", wishes) as done:
                ratios = measure_all_ratios(subject, verification.runs, count, done)
            report.measured_ratios(ratios)
    findings = verification.to_json(recipe.target.executor, recipe.target.unchecked)
    with_findings(manifest, findings, calibration, ratios).write(directory / FILE_NAME)
    Bundle.open(directory)
