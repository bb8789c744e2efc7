"""What the tests of quality.py's parts share."""

import pytest

from evaluation.cases import Case, plain_case
from lazydit.quality import Comparison, Estimate, ImageTime, PolicyQuality, QualityRun
from tests.quality_runs import policy_quality
from tests.quality_runs import quality_run as make_run

ABOUT_ONE = Estimate(1.0, 0.9, 1.1)


@pytest.fixture
def make_case():
    """A case of `policy` at `steps`."""

    def make(policy: str, steps: int, **changes: object) -> Case:
        if policy == "always":
            return plain_case(steps)
        return Case(**{"policy": policy, "steps": steps, "family": policy, **changes})

    return make


@pytest.fixture
def quality_run() -> QualityRun:
    """A run of plain DDIM with 5 and 10 steps and one lazy policy, everything measured."""

    def row(policy: str, steps: int, cost: float, *comparisons: Comparison) -> PolicyQuality:
        return policy_quality(
            policy,
            steps,
            multiply_adds=cost * 1e8,
            image_ms=ImageTime(cost, cost - 0.5, cost + 0.5),
            error=Estimate(1 / cost, 0.9 / cost, 1.2 / cost),
            psnr=Estimate(20.0 + cost, 19.0, 50.0),
            accuracy=Estimate(0.95, 0.9, 1.0),
            comparisons=comparisons,
        )

    equal = Comparison("time", 7.5, Estimate(0.8, 0.7, 0.9), None, Estimate(0.01, -0.01, 0.02))
    return make_run(
        *(row("always", 5, 5.0), row("always", 10, 10.0), row("lazy", 10, 7.5, equal)),
        engine="torch",
        device="cpu",
        features="digits",
        doubts=("this machine is busy",),
    )
