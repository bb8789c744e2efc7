"""Rounds, and when their times are doubted."""

from evaluation.cases import plain_case
from evaluation.drawing import Plan
from evaluation.timing import WARM_UP, doubts_of, image_time, time_cases

CASES = [plain_case(5), plain_case(10)]
PLAN = Plan(images=3, batch=3, first_seed=40, num_classes=2)


def test_all_cases_draw_the_same_image_in_a_round_and_the_first_does_not_count() -> None:
    drawn = []

    def image_ms(case, label: int, seed: int) -> float:
        drawn.append((case, label, seed))
        return float(len(drawn))

    done = []
    times = time_cases(image_ms, CASES, 4, PLAN, lambda: done.append(1))
    assert len(drawn) == len(done) == 2 * (4 + WARM_UP)
    rounds = [drawn[i : i + 2] for i in range(2 * WARM_UP, len(drawn), 2)]
    assert all({case for case, _, _ in turn} == set(CASES) for turn in rounds)
    images = [{(label, seed) for _, label, seed in turn} for turn in rounds]
    assert images == [{(0, 40)}, {(1, 41)}, {(0, 42)}, {(0, 40)}]
    assert sorted(ms for found in times.values() for ms in found) == list(range(3, 11))


def test_no_rounds_draw_nothing() -> None:
    assert time_cases(lambda *_: 1 / 0, CASES, 0, PLAN, int) == {case: [] for case in CASES}
    assert image_time([]) is None


def test_the_time_of_an_image_is_the_median_between_quartiles() -> None:
    time = image_time([1.0, 2.0, 3.0, 4.0, 100.0])
    assert (time.low, time.median, time.high) == (2.0, 3.0, 4.0)


def test_a_busy_machine_and_few_rounds_are_told() -> None:
    steady = {case: [10.0, 10.1, 10.0, 9.9, 10.0] for case in CASES}
    assert doubts_of(steady) == []
    assert "fewer than 5 rounds" in doubts_of({case: ms[:4] for case, ms in steady.items()})[0]
    (busy,) = doubts_of({case: [10.0, 14.0, 10.0, 18.0, 8.0] for case in CASES})
    assert busy.startswith("this machine is busy") and "40%" in busy
