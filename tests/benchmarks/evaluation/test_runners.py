"""PyTorch and a bundle draw the same, case by case."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from evaluation.bundle_runner import BundleRunner
from evaluation.cases import Case, Wanted, cases_for
from evaluation.torch_runner import TorchRunner
from lazydit.errors import LazyDiTError
from models import Weights

GUIDANCE = 2.0


@pytest.fixture(scope="module")
def torch_runner(small_bundle) -> TorchRunner:
    weights = Weights("small", small_bundle.checkpoint, (small_bundle.gate_file,))
    return TorchRunner(weights, GUIDANCE, torch.device("cpu"))


@pytest.fixture(scope="module")
def bundle_runner(small_bundle) -> Iterator[BundleRunner]:
    runner = BundleRunner(small_bundle.directory, None, 1, GUIDANCE, None)
    yield runner
    runner.close()


def cases_of(runner) -> list[Case]:
    wanted = Wanted([4], [2], ["lazy", "every-n", "skip"], None, [0.5], [2], [], [False, True])
    return cases_for(wanted, runner.gate_sets, runner.subject.modules)


def test_both_draw_the_same_images_and_run_as_much(torch_runner, bundle_runner) -> None:
    assert bundle_runner.subject.shape == torch_runner.subject.shape == (3, 8, 8)
    ours, theirs = cases_of(torch_runner), cases_of(bundle_runner)
    assert [case.name for case in ours] == [
        "always",
        "lazy 4-r50, extrapolated",
        "every 2",
        "every 2, extrapolated",
        "skip 0.5",
        "skip 0.5, extrapolated",
    ]
    for case, other in zip(ours, theirs, strict=True):
        left = torch_runner.draw(case, [0, 3], [7, 8])
        right = bundle_runner.draw(other, [0, 3], [7, 8])
        np.testing.assert_allclose(left.images, right.images, rtol=1e-4, atol=1e-3)
        np.testing.assert_array_equal(left.runs, right.runs)


def test_runs_are_counted_by_kind_and_image(torch_runner) -> None:
    every_two, _, skip, _ = cases_of(torch_runner)[2:]
    # Two blocks, two samples, steps 0 and 2 of four.
    assert torch_runner.draw(every_two, [0], [0]).runs.tolist() == [[8, 8]]
    assert torch_runner.draw(skip, [0, 1], [0, 1]).runs.tolist() == [[8, 8]] * 2


def test_an_image_is_the_same_alone_and_in_a_batch(torch_runner) -> None:
    case = cases_of(torch_runner)[1]
    alone = torch_runner.draw(case, [3], [8]).images[0]
    np.testing.assert_allclose(
        torch_runner.draw(case, [0, 3], [7, 8]).images[1], alone, rtol=1e-4, atol=1e-3
    )


def test_gates_of_another_step_count_are_refused_before_anything_is_drawn(
    torch_runner, bundle_runner
) -> None:
    for runner in (torch_runner, bundle_runner):
        lazy = next(case for case in cases_of(runner) if case.policy == "lazy")
        wrong = Case(**{**vars(lazy), "steps": 5})
        with pytest.raises(LazyDiTError, match="is for 4 steps"):
            runner.check(wrong)


def test_both_tell_how_long_an_image_takes(torch_runner, bundle_runner) -> None:
    for runner in (torch_runner, bundle_runner):
        assert runner.image_ms(cases_of(runner)[0], 0, 0) > 0
