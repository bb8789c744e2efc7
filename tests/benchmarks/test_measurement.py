"""The arithmetic of the table's columns, on numbers worked out by hand."""

import pytest

from contestants import Contestant
from measurement import (
    Timed,
    equal_latency_steps,
    kinds,
    limits,
    percentile,
    times,
    work_of,
)
from protocol import BUNDLE, LIMIT, Case, EngineSpec, ImageTimes

OURS = Contestant(EngineSpec(kind=BUNDLE, name="executorch", threads=2), load_cold_ms=90.0)
PRODUCTS = Contestant(
    EngineSpec(kind=LIMIT, name="products", threads=2), flops={"attn": 3_000_000, "mlp": 5_000_000}
)


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


def test_steady_steps_leave_out_the_first_of_every_image() -> None:
    images = [
        ImageTimes(30.0, [20.0, 4.0, 6.0], lazy_ratio=0.2),
        ImageTimes(50.0, [40.0, 5.0, 5.0], lazy_ratio=0.4),
        ImageTimes(31.0, [21.0, 5.0, 5.0], lazy_ratio=0.3),
    ]
    columns = times(Timed(OURS, Case("lazy", 3, "3-r30"), images))
    assert columns["image_ms"] == 31.0
    assert columns["first_step_ms"] == 21.0
    assert columns["step_ms"] == 5.0
    assert columns["step_ms_p90"] == 6.0
    assert columns["step_ms_deviation"] == pytest.approx((2 / 5) ** 0.5)
    assert columns["lazy_ratio"] == pytest.approx(0.3)
    assert columns["load_cold_ms"] == 90.0


def test_an_image_of_one_step_has_no_steady_one() -> None:
    columns = times(Timed(OURS, Case("always", 1), [ImageTimes(9.0, [8.0])]))
    assert (columns["first_step_ms"], columns["step_ms"]) == (8.0, None)
    assert columns["step_ms_deviation"] is None


def test_the_schedulers_share_is_of_its_own_image() -> None:
    images = [ImageTimes(10.0, [10.0], kind_ms={"attn": 9.0, "scheduler": 0.1})] * 2
    images.append(ImageTimes(100.0, [100.0], kind_ms={"attn": 7.0, "scheduler": 0.2}))
    columns = kinds(Timed(OURS, Case("always", 1), images))
    assert columns["attn_ms"] == 9.0
    assert columns["scheduler_share"] == pytest.approx(0.01)
    assert kinds(Timed(OURS, Case("always", 1), [ImageTimes(1.0, [1.0])])) == {
        "scheduler_share": None
    }


def test_the_limit_counts_what_ran_and_takes_the_fastest_round() -> None:
    # 10 runs of attention and 20 of feedforward: 130 MFLOP, in 20 ms 6.5 GFLOP/s.
    runs = {"attn": 10, "mlp": 20}
    images = [ImageTimes(ms, [], runs=runs) for ms in (20.0, 18.0, 90.0)]
    per_run = [{"attn": 0.2, "mlp": 0.7}, {"attn": 0.4, "mlp": 0.4}, {"attn": 0.3, "mlp": 0.6}]
    products = Timed(PRODUCTS, Case("limit", 1), [ImageTimes(0, [], kind_ms=k) for k in per_run])
    ours = Timed(OURS, Case("lazy", 4), images)
    work = work_of(ours, products, depth=7)
    assert work.flops == 130e6
    assert work.limit_ms == pytest.approx(10.0)
    columns = limits(ours, work)
    assert columns["gflops"] == pytest.approx(6.5)
    assert columns["limit_gflops"] == pytest.approx(13)
    assert columns["limit_share"] == pytest.approx(0.5)


def test_an_engine_that_tells_no_runs_runs_every_module_for_both_samples() -> None:
    whole = Timed(OURS, Case("always", 4), [ImageTimes(20.0, [])])
    products = Timed(
        PRODUCTS, Case("limit", 1), [ImageTimes(0, [], kind_ms={"attn": 1.0, "mlp": 1.0})]
    )
    # 4 steps, 2 samples, 3 blocks: 24 runs of each kind.
    assert work_of(whole, products, depth=3).flops == 24 * 8e6


def test_without_products_there_is_no_limit() -> None:
    ours = Timed(OURS, Case("always", 1), [ImageTimes(20.0, [20.0])])
    assert limits(ours, None) == {"gflops": None, "limit_gflops": None, "limit_share": None}
