"""Measures of made-up images whose values are known, and what becomes of them in a run."""

import numpy as np
import pytest

from evaluation.cases import Case, plain_case
from evaluation.measures import measures_of, psnr_of
from evaluation.multiply_adds import MultiplyAdds
from evaluation.ranking import costs_of, rank
from evaluation.work import Judged

IMAGES = 200
LABELS = np.arange(IMAGES) % 10


def judged(error, right: float = 1.0, features=None) -> Judged:
    predicted = np.where(np.arange(IMAGES) < right * IMAGES, LABELS, LABELS + 1)
    if features is None:
        features = np.zeros((IMAGES, 0), np.float32)
    runs = np.ones((IMAGES, 2), np.int64)
    return Judged(np.broadcast_to(error, IMAGES).astype(float), runs, features, predicted)


def test_psnr_is_that_of_images_from_minus_one_to_one() -> None:
    assert psnr_of(np.array([4.0, 0.04])) == pytest.approx([0.0, 20.0])
    assert np.isfinite(psnr_of(np.array([0.0]))).all()


def test_each_measure_is_there_where_the_images_allow_it() -> None:
    found = measures_of([judged(0.04, 0.75)], LABELS, True, None)
    assert found.error.estimate(0).value == pytest.approx(0.04)
    assert found.psnr.estimate(0).value == pytest.approx(20.0)
    assert found.accuracy.estimate(0).value == pytest.approx(0.75)
    assert found.frechet is None
    blind = Judged(np.ones(IMAGES), LABELS, LABELS, np.empty((IMAGES, 0)))
    latents = measures_of([blind], LABELS, False, None)
    assert latents.psnr is None and latents.accuracy is None


def test_the_frechet_distance_of_a_shift_is_its_square() -> None:
    features = np.random.default_rng(0).normal(size=(IMAGES, 4)).astype(np.float32)
    cases = [judged(1.0, features=features), judged(1.0, features=features + 0.5)]
    for to in (features, cases[0]):
        frechet = measures_of(cases, LABELS, True, to).frechet
        assert frechet.value == pytest.approx([0.0, 4 * 0.25], abs=1e-5)
    # What is shared with the reference moves along with it when images are left out.
    shift = frechet.estimate(1)
    assert shift.high - shift.low < 1e-4


@pytest.fixture
def rows():
    """DDIM of 5, 10 and 20 steps, whose error is a power of its cost, and a policy of 10 steps that
    runs half of its modules at the error of 10."""
    plain = [plain_case(5), plain_case(10), plain_case(20)]
    half = Case("schedule", 10, "half")
    noise = np.random.default_rng(0).uniform(0.5, 1.5, IMAGES)
    images = [judged(noise * case.steps**-2.0) for case in (*plain, plain[1])]
    cases = [*plain, half]
    modules, samples = 4, 2
    runs = np.array([[case.steps * samples * modules / 2.0] * 2 for case in cases])
    runs[-1] /= 2
    counts = MultiplyAdds(step=0, attn=10, mlp=30)
    times = {case: [float(10 * case.steps)] * 5 for case in cases} | {half: [75.0] * 5}
    costs = costs_of(cases, runs, modules, samples, counts, times)
    return rank(cases, measures_of(images, LABELS, True, None), costs)


def test_plain_ddim_is_compared_with_nothing(rows) -> None:
    assert [row.comparisons for row in rows[:3]] == [()] * 3
    assert [row.lazy_ratio for row in rows] == [0.0, 0.0, 0.0, 0.5]
    assert rows[0].multiply_adds == 5 * 2 * (2 * 10 + 2 * 30)


def test_a_policy_is_held_against_ddim_of_equal_cost(rows) -> None:
    half = rows[-1]
    for equal, steps in (("modules", 5), ("multiply-adds", 5), ("time", 7.5)):
        found = half.against(equal)
        assert found.steps == pytest.approx(steps)
        # The same noise on all images: the ratio is certain, the errors are not.
        assert found.error.value == pytest.approx((steps / 10) ** 2)
        assert found.error.high - found.error.low < 1e-9
    assert half.error.high > 1.02 * half.error.value
    assert half.against("time").accuracy.value == 0.0


def test_without_times_and_shape_only_modules_are_compared(make_case) -> None:
    cases = [make_case("always", 5), make_case("schedule", 10)]
    runs = np.array([[20.0, 20.0], [20.0, 20.0]])
    costs = costs_of(cases, runs, 4, 2, None, None)
    row = rank(cases, measures_of([judged(0.2), judged(0.1)], LABELS, True, None), costs)[1]
    assert [found.equal for found in row.comparisons] == ["modules"]
    assert row.image_ms is None and row.multiply_adds is None
    assert row.comparisons[0].error.value == pytest.approx(0.5)
