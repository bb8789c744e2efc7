"""Lazy ratios that are wished for: what the calibration of a bundle makes of them."""

from typing import Any

import numpy as np
import pytest

from lazydit.errors import LazyDiTError
from lazydit_runtime import Bundle, Pipeline
from lazydit_runtime.policies import Lazy


def point(gates: str, threshold: float, limit: int | None, ratio: float) -> dict[str, Any]:
    thresholds = {"attn": threshold, "mlp": threshold / 2}
    return {"gates": gates, "thresholds": thresholds, "max_reuse": limit, "lazy_ratio": ratio}


POINTS = [
    point("6-r30", 0.2, 1, 0.1),
    point("6-r30", 0.5, 1, 0.3),
    point("6-r50", 0.3, None, 0.4),
    point("6-r50", 0.8, None, 0.6),
]


@pytest.fixture
def pipeline(toy: Any, toy_bundle: Any) -> Pipeline:
    manifest = toy_bundle.manifest()
    manifest["lazy_ratios"] = [{"steps": 6, "images": 8, "points": POINTS}]
    toy_bundle.write_manifest(manifest)
    return Pipeline(Bundle.open(toy_bundle.directory), toy.Executor())


@pytest.mark.parametrize(
    ("wish", "gates", "thresholds", "limit"),
    [
        (0.07, "6-r30", (0.2, 0.1), 1),
        (0.3, "6-r30", (0.5, 0.25), 1),
        (0.34, "6-r30", (0.5, 0.25), 1),
        (0.36, "6-r50", (0.3, 0.15), None),
        (0.61, "6-r50", (0.8, 0.4), None),
        # Half-way between the logits of 0.2 and 0.5, -ln 4 and 0: 1 / 3; of 0.1 and 0.25: -ln 9
        # and -ln 3, so 1 / (1 + sqrt 27).
        (0.2, "6-r30", (1 / 3, 1 / (1 + 27**0.5)), 1),
    ],
)
def test_wish_takes_what_the_calibration_has(
    pipeline: Pipeline,
    wish: float,
    gates: str,
    thresholds: tuple[float, float],
    limit: int | None,
) -> None:
    result = pipeline.generate(1, steps=6, lazy_ratio=wish)
    assert (result.policy, result.gates, result.max_reuse) == ("lazy", gates, limit)
    assert result.thresholds == pytest.approx(thresholds)
    same = pipeline.generate(1, policy=Lazy(gates, result.thresholds, limit))
    np.testing.assert_array_equal(result.trace.ran, same.trace.ran)
    assert result.to_json()["thresholds"] == pytest.approx(list(thresholds))


@pytest.mark.parametrize("wish", [0, 0.0, 0.04])
def test_nothing_to_reuse_is_policy_always(pipeline: Pipeline, wish: float) -> None:
    result = pipeline.generate(1, seed=3, steps=6, lazy_ratio=wish)
    plain = pipeline.generate(1, seed=3, steps=6, policy="always")
    assert (result.policy, result.gates, result.thresholds) == ("always", None, None)
    np.testing.assert_array_equal(result.latent, plain.latent)
    assert result.trace.ran.all()


@pytest.mark.parametrize("wish", [-0.1, 0.63, 1.0, float("nan")])
def test_wish_out_of_reach_names_the_range(pipeline: Pipeline, wish: float) -> None:
    with pytest.raises(LazyDiTError, match=r"out of reach at 6 steps: choose from 0 to 0\.6$"):
        pipeline.generate(1, steps=6, lazy_ratio=wish)


def test_step_count_without_calibration_names_those_with(pipeline: Pipeline) -> None:
    with pytest.raises(LazyDiTError, match="calibrated for 6 steps, not for 4: choose"):
        pipeline.generate(1, lazy_ratio=0.3)


def test_bundle_without_calibration_says_how_to_get_it(toy: Any, toy_bundle: Any) -> None:
    pipeline = Pipeline(Bundle.open(toy_bundle.directory), toy.Executor())
    with pytest.raises(LazyDiTError, match="no calibration of lazy ratios: export it again"):
        pipeline.generate(1, lazy_ratio=0.3)
    assert pipeline.generate(1, lazy_ratio=0).policy == "always"


@pytest.mark.parametrize("policy", ["always", "every-n", "schedule"])
def test_other_policies_refuse_a_wish(pipeline: Pipeline, policy: str) -> None:
    with pytest.raises(LazyDiTError, match=f"means nothing to policy {policy}"):
        pipeline.generate(1, policy=policy, lazy_ratio=0.3)


@pytest.mark.parametrize(
    "choice", [{"gates": "6-r30"}, {"thresholds": 0.5}, {"max_reuse": 1}, {"extrapolate": False}]
)
def test_wish_beside_what_it_picks_is_refused(pipeline: Pipeline, choice: Any) -> None:
    with pytest.raises(LazyDiTError, match="leave these out"):
        pipeline.generate(1, lazy_ratio=0.3, **choice)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda ratios: ratios.append(ratios[0]), "6 steps more than once"),
        (lambda ratios: ratios[0]["points"].reverse(), "do not ascend"),
        (lambda ratios: ratios[0]["points"][0].update(gates="4-r50"), "name 4-r50"),
        (lambda ratios: ratios[0]["points"][0]["thresholds"].update(mlp=1), "within 0 and 1"),
        (lambda ratios: ratios[0].update(points=[]), "points"),
    ],
)
def test_calibration_that_contradicts_itself_is_refused(
    pipeline: Pipeline, toy_bundle: Any, change: Any, words: str
) -> None:
    manifest = toy_bundle.manifest()
    change(manifest["lazy_ratios"])
    toy_bundle.write_manifest(manifest)
    with pytest.raises(LazyDiTError, match=words):
        Bundle.open(toy_bundle.directory)
