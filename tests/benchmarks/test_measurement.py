"""The arithmetic of the latency table."""

import pytest

from measurement import Case, Samples, equal_latency_steps, percentile, summarize


def test_percentile_is_a_value_that_was_measured() -> None:
    values = [5.0, 1.0, 3.0, 2.0, 4.0]
    assert percentile(values, 0.5) == 3.0
    assert percentile(values, 0.9) == 5.0
    assert percentile([7.0], 0.9) == 7.0


def test_equal_latency_interpolates_between_measured_step_counts() -> None:
    plain = {10: 100.0, 20: 180.0}
    assert equal_latency_steps(100.0, plain) == pytest.approx(10)
    assert equal_latency_steps(140.0, plain) == pytest.approx(15)


def test_equal_latency_goes_on_past_the_measured_step_counts() -> None:
    plain = {10: 100.0, 20: 180.0, 40: 380.0}
    assert equal_latency_steps(76.0, plain) == pytest.approx(7)
    assert equal_latency_steps(430.0, plain) == pytest.approx(45)


def test_summary_takes_medians_of_the_rounds() -> None:
    samples = Samples(
        image_ms=[70.0, 90.0, 71.0],
        step_ms=[7.0, 6.0, 8.0, 7.0],
        lazy_ratio=[0.2, 0.4, 0.3],
        kind_ms={"attn": [30.0, 31.0, 90.0]},
    )
    summary = summarize(Case("lazy", 10, "10-r30"), samples, {7: 71.0, 10: 101.0})
    assert summary.policy == "lazy 10-r30"
    assert summary.image_ms == 71.0
    assert summary.step_ms == 7.0
    assert summary.lazy_ratio == pytest.approx(0.3)
    assert summary.kind_ms == {"attn": 31.0}
    assert summary.ddim_steps == pytest.approx(7)
