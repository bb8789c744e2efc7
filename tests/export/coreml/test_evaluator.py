"""The evaluator as an executor: bundles against PyTorch, and the bundles that it refuses."""

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lazydit.errors import LazyDiTError
from lazydit_export.coreml.executor import CoreMLEvaluator
from lazydit_export.split import MAX_STEPS, Program, split
from lazydit_export.verification.gate import Subject, verify
from lazydit_export.verification.program_errors import program_errors
from lazydit_runtime import Pipeline
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.executors import find_executor
from tests.conftest import SmallBundle, random_gates
from tests.export.coreml.conftest import CoreMLBundle


@pytest.fixture
def evaluator(coreml_bundle: CoreMLBundle) -> Iterator[CoreMLEvaluator]:
    opened = CoreMLEvaluator.open(Bundle.open(coreml_bundle.directory))
    yield opened
    opened.close()


def test_programs_compute_what_pytorch_does(
    coreml_bundle: CoreMLBundle, evaluator: CoreMLEvaluator
) -> None:
    programs = split(coreml_bundle.model)
    errors = program_errors(programs, evaluator, [999, 500, 0], label=2)
    assert errors.keys() == {program.name for program in programs}
    if coreml_bundle.half:
        # The timesteps' angles are in fp16 here, which these bundles do not hold in fp32.
        errors.pop("condition")
        assert 1e-5 < max(errors.values()) < 4e-3
    else:
        assert max(errors.values()) < 1e-5


def test_the_parity_gate_runs_on_it(coreml_bundle: CoreMLBundle) -> None:
    if coreml_bundle.half:
        pytest.skip("the bars are those of fp32")
    model = coreml_bundle.model
    with Pipeline.load(coreml_bundle.directory, "coreml-evaluator") as pipeline:
        subject = Subject(pipeline, model, split(model), (random_gates(model.config, 6),))
        verification = verify(subject, lambda case: None)
    verification.require_passed()
    assert sum(item.decisions for item in verification.comparisons) > 0
    assert sum(item.different for item in verification.comparisons) == 0
    assert min(item.psnr for item in verification.comparisons) > 60


@pytest.mark.parametrize("steps", [1, 2, 17, MAX_STEPS])
def test_condition_takes_any_number_of_steps(
    coreml_bundle: CoreMLBundle, evaluator: CoreMLEvaluator, steps: int
) -> None:
    inputs = (torch.tensor([3]), torch.linspace(9, 0, steps))
    for output, reference in zip(
        *run(split(coreml_bundle.model)[0], evaluator, inputs), strict=True
    ):
        tolerance = 5e-3 if coreml_bundle.half else 1e-5
        np.testing.assert_allclose(output, reference, atol=tolerance)


def run(
    program: Program, evaluator: CoreMLEvaluator, inputs: tuple[torch.Tensor, ...]
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """A program's outputs in the evaluator and in PyTorch."""
    with torch.no_grad():
        expected = [output.numpy() for output in program.module(*inputs)]
    found = [np.full(output.shape, np.nan, np.float32) for output in expected]
    evaluator.run(program.name, [tensor.numpy() for tensor in inputs], [*found])
    return found, expected


def module_inputs(model: Any) -> tuple[torch.Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    shapes = [(1, model.config.tokens, model.config.width)] * 2 + [(1, 1, model.config.width)] * 3
    return tuple(torch.randn(shape, generator=generator) for shape in shapes)


def test_inputs_stay_as_they_are(coreml_bundle: CoreMLBundle, evaluator: CoreMLEvaluator) -> None:
    for program in split(coreml_bundle.model)[2:4]:
        inputs = module_inputs(coreml_bundle.model)
        before = [tensor.clone() for tensor in inputs]
        run(program, evaluator, inputs)
        assert all(torch.equal(*pair) for pair in zip(inputs, before, strict=True))


def test_threads_may_share_it(coreml_bundle: CoreMLBundle, evaluator: CoreMLEvaluator) -> None:
    program = split(coreml_bundle.model)[2]
    inputs = [
        tuple(tensor * number for tensor in module_inputs(coreml_bundle.model))
        for number in range(3)
    ]
    alone = [run(program, evaluator, tensors)[0] for tensors in inputs]
    wrong: list[int] = []

    def work(number: int) -> None:
        for _ in range(20):
            found, _ = run(program, evaluator, inputs[number])
            if not all(map(np.array_equal, found, alone[number])):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("label", "timesteps", "words"),
    [
        (np.array([6]), np.zeros(2, np.float32), "indices"),
        (np.array([[1]]), np.zeros(2, np.float32), "shape"),
        (np.array([1]), np.zeros((2, 1), np.float32), "shape"),
    ],
)
def test_unfit_inputs_are_refused(
    coreml_bundle: CoreMLBundle,
    evaluator: CoreMLEvaluator,
    label: np.ndarray,
    timesteps: np.ndarray,
    words: str,
) -> None:
    config = coreml_bundle.model.config
    outputs = [
        np.zeros((2, config.depth, 6 * config.width), np.float32),
        np.zeros((2, 2 * config.width), np.float32),
    ]
    with pytest.raises(LazyDiTError, match=f"program condition cannot be evaluated .*{words}"):
        evaluator.run("condition", [label, timesteps], [*outputs])


def test_it_is_found_by_name() -> None:
    assert find_executor("coreml-evaluator") is CoreMLEvaluator


@pytest.fixture
def copied(coreml_bundle: CoreMLBundle, tmp_path: Path) -> Path:
    return Path(shutil.copytree(coreml_bundle.directory, tmp_path / "copied"))


def refusal(bundle: Path) -> str:
    with pytest.raises(LazyDiTError) as caught:
        Pipeline.load(bundle, "coreml-evaluator")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def edit(bundle: Path, change: Any) -> str:
    """What is said of the bundle with a changed manifest."""
    path = bundle / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest)
    path.write_text(json.dumps(manifest))
    return refusal(bundle)


def test_other_targets_are_refused(small_bundle: SmallBundle) -> None:
    assert "for target android and holds no Core ML programs" in refusal(small_bundle.directory)


def test_unknown_versions_are_refused(copied: Path) -> None:
    said = edit(copied, lambda manifest: manifest["formats"].update(coreml_specification=99))
    assert said.startswith("this bundle has coreml_specification 99, this runtime knows 8 and 9")


def test_version_that_is_not_the_package_s_is_refused(
    coreml_bundle: CoreMLBundle, copied: Path
) -> None:
    other = {17: 9, 18: 8}[coreml_bundle.ios]
    said = edit(copied, lambda manifest: manifest["formats"].update(coreml_specification=other))
    assert "has specification version" in said


def test_missing_function_is_refused(copied: Path) -> None:
    said = edit(copied, lambda manifest: manifest["programs"]["reuse"].update(method="recycle"))
    assert "it has no function recycle for program reuse (it has " in said


def test_program_of_another_signature_is_refused(copied: Path) -> None:
    def swap(manifest: Any) -> None:
        programs = manifest["programs"]
        for key in ("file", "method"):
            programs["reuse"][key] = programs["block_00_mlp"][key]

    assert "has not the signature that the manifest gives reuse" in edit(copied, swap)


def test_most_steps_of_the_manifest_must_be_allowed(copied: Path) -> None:
    said = edit(copied, lambda manifest: manifest["graph"]["condition"].update(max_steps=65))
    assert "has not the signature that the manifest gives condition" in said


def test_truncated_package_is_refused_even_if_the_manifest_agrees(
    coreml_bundle: CoreMLBundle, copied: Path
) -> None:
    name = f"{coreml_bundle.program}/Data/com.apple.CoreML/weights/weight.bin"
    content = (copied / name).read_bytes()
    (copied / name).write_bytes(content[: len(content) // 2])
    assert "truncated" in refusal(copied)
