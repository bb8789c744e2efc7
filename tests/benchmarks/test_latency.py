"""Which cases the latency table measures."""

from collections.abc import Sequence
from types import SimpleNamespace

import pytest

import latency
from measurement import Case, Samples


@pytest.mark.parametrize(
    ("steps", "lazy_ms", "added"),
    [(10, 71.0, {7}), (10, 100.0, {5}), (1, 10.0, {2}), (1000, 7000.0, {700})],
)
def test_plain_ddim_of_equal_latency_is_added_and_never_stands_alone(
    steps: int, lazy_ms: float, added: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def measured(_: object, cases: Sequence[Case], rounds: int) -> dict[Case, Samples]:
        return {
            case: Samples(image_ms=[10.0 * case.steps if case.policy == "always" else lazy_ms])
            for case in cases
        }

    monkeypatch.setattr(latency, "time_cases", measured)
    cases = [Case("always", steps), Case("every-n", steps)]
    found = latency.add_equal_latency_cases(SimpleNamespace(), cases)
    assert found[:2] == cases
    assert {case.steps for case in found[2:]} == added
