"""The curves of a run."""

import dataclasses

import pytest

from lazydit.errors import LazyDiTError
from lazydit.plots.pareto import pareto_figure
from lazydit.plots.theme import as_svg
from lazydit.quality import Estimate, ImageTime, PolicyQuality, QualityRun
from tests.quality_runs import policy_quality, quality_run


def row(policy: str, steps: int, cost: float) -> PolicyQuality:
    return policy_quality(
        policy,
        steps,
        name=f"{policy} {cost:g}",
        family="plain" if policy == "always" else "gated",
        multiply_adds=cost * 1e9,
        image_ms=ImageTime(cost * 3, cost, cost * 4),
        error=Estimate(0.1 / cost, 0.05 / cost, 0.2 / cost),
    )


@pytest.fixture
def run() -> QualityRun:
    return quality_run(
        row("always", 9, 9.0), row("lazy", 9, 5.0), row("lazy", 9, 7.0), row("always", 4, 4.0)
    )


def points(axis) -> dict[str, tuple[list[float], list[float]]]:
    """Where the curves of a panel go, by their legend."""
    return {
        bars.get_label(): tuple(data.tolist() for data in bars.lines[0].get_data())
        for bars in axis.containers
    }


def test_each_cost_has_a_panel_and_curves_go_by_cost(run: QualityRun) -> None:
    time, work = pareto_figure(run).axes
    assert time.get_xlabel() == "time of an image, ms"
    costs, errors = points(work)["plain DDIM"]
    assert costs == [4.0, 9.0] and errors == pytest.approx([0.1 / 4, 0.1 / 9])
    assert points(work)["gated"][0] == [5.0, 7.0]
    assert points(time)["gated"][0] == [15.0, 21.0]


def test_bars_are_the_intervals(run: QualityRun) -> None:
    work = pareto_figure(run).axes[1]
    (_, _, (bars,)) = work.containers[0].lines
    low, high = bars.get_segments()[0][:, 1]
    assert (low, high) == pytest.approx((0.05 / 4, 0.2 / 4))


def test_step_counts_and_the_legend_can_be_read(run: QualityRun) -> None:
    svg = as_svg(lambda theme: pareto_figure(run, theme)).decode()
    for text in ("plain DDIM", "gated", ">4<", ">9<", "error against 50 DDIM steps"):
        assert text in svg


def test_what_was_not_measured_has_no_panel(run: QualityRun) -> None:
    policies = tuple(dataclasses.replace(p, image_ms=None) for p in run.policies)
    (axis,) = pareto_figure(dataclasses.replace(run, policies=policies)).axes
    assert axis.get_xlabel() == "multiply-adds of an image, billions"
    policies = tuple(dataclasses.replace(p, multiply_adds=None) for p in policies)
    with pytest.raises(LazyDiTError, match="no cost to plot against"):
        pareto_figure(dataclasses.replace(run, policies=policies))
