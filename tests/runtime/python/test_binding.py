"""The scheduler in Python: what crosses between the two, and what may go wrong on the way."""

import gc
import signal
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lazydit.errors import LazyDiTError
from lazydit_runtime import _core
from lazydit_runtime.errors import Cancelled

PROGRAMS = ["condition", "embed", "attn", "mlp", "reuse", "final"]
STEPS, DEPTH, WIDTH, TOKENS = 4, 1, 4, 4
LATENT = (1, 2, 2)


def make_model(**changes: Any) -> _core.Model:
    sizes: dict[str, Any] = {
        "programs": PROGRAMS,
        "condition": 0,
        "embed": 1,
        "modules": [2, 3],
        "reuse": 4,
        "final": 5,
        "decode": None,
        "depth": DEPTH,
        "width": WIDTH,
        "tokens": TOKENS,
        "latent_shape": LATENT,
        "output_channels": 1,
        "num_classes": 3,
        "condition_max_steps": 64,
        "image_shape": LATENT,
    }
    return _core.Model(**(sizes | changes))


def make_plan(**changes: Any) -> _core.Plan:
    timesteps = _core.spaced_timesteps(1000, STEPS)
    alphas = _core.alphas_cumprod(1000, 1e-4, 0.02)[timesteps]
    settings: dict[str, Any] = {
        "timesteps": timesteps,
        "alphas_cumprod": alphas.tolist(),
        "guided": True,
        "guidance_channels": 1,
        "kind": _core.PolicyKind.ALWAYS,
    }
    return _core.Plan(**(settings | changes))


class Zeros:
    """Predicts no noise at all; counts the programs it ran."""

    def __init__(self, before: Callable[[str], None] = lambda program: None) -> None:
        self.programs: list[str] = []
        self.before = before

    def run(self, program: str, inputs: list[np.ndarray], outputs: list[np.ndarray]) -> None:
        self.before(program)
        self.programs.append(program)
        for output in outputs:
            output[...] = 0


def run(generation: _core.Generation, executor: Any, **changes: Any) -> None:
    generation.run(executor, **({"label": 1, "seed": 5, "guidance": 2.0} | changes))


@pytest.fixture
def generation() -> _core.Generation:
    return _core.Generation(make_model(), make_plan())


def test_predicting_no_noise_only_rescales_the_seed_s_noise(generation: _core.Generation) -> None:
    run(generation, Zeros())
    alpha = _core.alphas_cumprod(1000, 1e-4, 0.02)[999]
    expected = _core.randn(5, 4).reshape(LATENT) / np.sqrt(alpha)
    np.testing.assert_allclose(generation.latent(), expected, rtol=1e-5)


def test_given_noise_takes_the_place_of_the_seed_s(generation: _core.Generation) -> None:
    run(generation, Zeros())
    by_seed = generation.latent()
    run(generation, Zeros(), seed=6, noise=_core.randn(5, 4).reshape(LATENT))
    np.testing.assert_array_equal(generation.latent(), by_seed)


def test_noise_of_another_shape_is_refused(generation: _core.Generation) -> None:
    with pytest.raises(LazyDiTError, match="shape of the latent"):
        run(generation, Zeros(), noise=np.zeros((1, 4, 4), np.float32))


def test_executor_sees_the_shapes_of_the_gate_graph(generation: _core.Generation) -> None:
    seen: dict[str, tuple[list[tuple[int, ...]], list[tuple[int, ...]]]] = {}

    class Recorder(Zeros):
        def run(self, program: str, inputs: list[np.ndarray], outputs: list[np.ndarray]) -> None:
            super().run(program, inputs, outputs)
            seen[program] = ([i.shape for i in inputs], [o.shape for o in outputs])

    run(generation, Recorder())
    tokens, vector = (1, TOKENS, WIDTH), (1, 1, WIDTH)
    assert seen == {
        "condition": ([(1,), (STEPS,)], [(STEPS, DEPTH, 6 * WIDTH), (STEPS, 2 * WIDTH)]),
        "embed": ([(1, *LATENT)], [tokens, tokens, (1, WIDTH)]),
        "attn": ([tokens, tokens, *[vector] * 3], [tokens, tokens, (1, WIDTH), tokens]),
        "mlp": ([tokens, tokens, *[vector] * 3], [tokens, tokens, (1, WIDTH), tokens]),
        "final": ([tokens, vector, vector], [(1, *LATENT)]),
    }


def test_label_and_timesteps_reach_condition(generation: _core.Generation) -> None:
    calls: list[tuple[list[int], list[float]]] = []

    class Recorder(Zeros):
        def run(self, program: str, inputs: list[np.ndarray], outputs: list[np.ndarray]) -> None:
            super().run(program, inputs, outputs)
            if program == "condition":
                calls.append((inputs[0].tolist(), inputs[1].tolist()))

    run(generation, Recorder(), label=2)
    timesteps = [float(timestep) for timestep in _core.spaced_timesteps(1000, STEPS)]
    assert sorted(calls) == [([2], timesteps), ([3], timesteps)]


def test_trace_has_steps_samples_and_modules(generation: _core.Generation) -> None:
    run(generation, Zeros())
    shape = (STEPS, 2, 2 * DEPTH)
    assert generation.scores().shape == generation.module_ms().shape == shape
    assert np.isnan(generation.scores()).all()
    assert generation.ran().dtype == np.bool_
    assert generation.ran().all() and generation.ran().shape == shape
    assert generation.step_ms().shape == (STEPS,)
    timings = generation.timings()
    parts = sum(value for name, value in timings.items() if name != "total_ms")
    assert parts == pytest.approx(timings["total_ms"], rel=1e-6)


def test_gates_and_thresholds_decide() -> None:
    # Nothing to sum over makes every score sigmoid(0) = 0.5.
    gates = np.ones((STEPS, 2 * DEPTH, WIDTH), np.float32)
    plan = make_plan(kind=_core.PolicyKind.LAZY, gates=gates, thresholds=(0.5, 0.6), guided=False)
    generation = _core.Generation(make_model(), plan)
    executor = Zeros()
    run(generation, executor)
    np.testing.assert_array_equal(
        generation.ran()[:, 0], [[True, True]] + [[True, False]] * (STEPS - 1)
    )
    assert executor.programs.count("reuse") == STEPS - 1


def test_schedule_decides() -> None:
    mask = np.array([[1, 1], [0, 1], [1, 0], [0, 0]], dtype=bool)
    plan = make_plan(kind=_core.PolicyKind.SCHEDULE, schedule=mask)
    generation = _core.Generation(make_model(), plan)
    run(generation, Zeros())
    np.testing.assert_array_equal(generation.ran(), np.stack([mask, mask], axis=1))


@pytest.mark.parametrize("shape", [(3, 2, 4), (4, 4, 4), (4, 2, 8)])
def test_gates_of_another_size_are_refused_before_they_are_read(shape: tuple[int, ...]) -> None:
    plan = make_plan(kind=_core.PolicyKind.LAZY, gates=np.zeros(shape, np.float32))
    with pytest.raises(LazyDiTError, match="gates"):
        _core.Generation(make_model(), plan)
    with pytest.raises(LazyDiTError, match="gates"):
        _core.memory(make_model(), plan)


def test_schedule_of_another_size_is_refused_before_it_is_read() -> None:
    plan = make_plan(kind=_core.PolicyKind.SCHEDULE, schedule=np.ones((STEPS, 3), dtype=bool))
    with pytest.raises(LazyDiTError, match="schedule"):
        _core.Generation(make_model(), plan)


@pytest.mark.parametrize("kind", [_core.PolicyKind.LAZY, _core.PolicyKind.SCHEDULE])
def test_policy_without_its_array_is_refused(kind: _core.PolicyKind) -> None:
    with pytest.raises(LazyDiTError):
        _core.Generation(make_model(), make_plan(kind=kind))


@pytest.mark.parametrize(
    "changes", [{"modules": [2]}, {"modules": [2, 6]}, {"embed": -1}, {"latent_shape": (1, 2)}]
)
def test_gate_graph_that_contradicts_itself_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(LazyDiTError):
        make_model(**changes)


def test_memory_names_what_the_total_consists_of() -> None:
    sizes = _core.memory(make_model(), make_plan())
    parts = sum(size for name, size in sizes.items() if name != "total")
    assert 0 < parts <= sizes["total"]


def test_label_out_of_range_is_refused(generation: _core.Generation) -> None:
    with pytest.raises(LazyDiTError, match="label"):
        run(generation, Zeros(), label=3)
    assert generation.latent() is None


def test_exception_of_the_executor_travels_unchanged(generation: _core.Generation) -> None:
    error = ZeroDivisionError("of the engine")

    def fail(program: str) -> None:
        if program == "mlp":
            raise error

    with pytest.raises(ZeroDivisionError) as caught:
        run(generation, Zeros(fail))
    assert caught.value is error
    assert caught.traceback[-1].name == "fail"
    assert generation.latent() is None
    run(generation, Zeros())
    assert generation.latent() is not None


def test_exception_of_on_step_travels_unchanged(generation: _core.Generation) -> None:
    error = LookupError("of the caller")

    def on_step(step: _core.Step) -> None:
        raise error

    with pytest.raises(LookupError) as caught:
        run(generation, Zeros(), on_step=on_step)
    assert caught.value is error


def test_on_step_counts_steps_and_modules(generation: _core.Generation) -> None:
    seen: list[tuple[int, int, int, int]] = []
    run(
        generation,
        Zeros(),
        on_step=lambda step: seen.append((step.step, step.steps, step.reached, step.reused)),
    )
    assert seen == [(index, STEPS, 4 * DEPTH, 0) for index in range(STEPS)]


def test_true_answer_of_on_step_cancels(generation: _core.Generation) -> None:
    executor = Zeros()
    with pytest.raises(Cancelled):
        run(generation, executor, on_step=lambda step: step.step == 1)
    assert executor.programs.count("final") == 2 * 2
    assert generation.latent() is None
    assert generation.ran()[1].all() and not generation.ran()[2].any()


def test_cancel_stops_before_the_next_program(generation: _core.Generation) -> None:
    executor = Zeros(lambda program: generation.cancel() if program == "attn" else None)
    with pytest.raises(Cancelled):
        run(generation, executor)
    assert executor.programs.count("attn") == 1
    assert "mlp" not in executor.programs


def test_ctrl_c_in_the_executor_ends_the_run(generation: _core.Generation) -> None:
    def interrupt(program: str) -> None:
        if program == "attn":
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run(generation, Zeros(interrupt))
    assert generation.latent() is None


def test_running_generation_refuses_a_second_use(generation: _core.Generation) -> None:
    def meddle(program: str) -> None:
        with pytest.raises(LazyDiTError, match="is running"):
            generation.latent()
        with pytest.raises(LazyDiTError, match="is running"):
            run(generation, Zeros())

    run(generation, Zeros(meddle))
    assert generation.latent() is not None


def test_kept_view_outlives_the_generation() -> None:
    kept: list[np.ndarray] = []

    class Keeper(Zeros):
        def run(self, program: str, inputs: list[np.ndarray], outputs: list[np.ndarray]) -> None:
            super().run(program, inputs, outputs)
            kept.append(outputs[0])

    generation = _core.Generation(make_model(), make_plan())
    run(generation, Keeper())
    del generation
    gc.collect()
    assert all(np.isfinite(view).all() for view in kept)


def test_generations_on_threads_do_not_disturb_each_other() -> None:
    latents: dict[int, np.ndarray | None] = {}

    def generate(seed: int) -> None:
        generation = _core.Generation(make_model(), make_plan())
        for _ in range(5):
            run(generation, Zeros(), seed=seed)
        latents[seed] = generation.latent()

    threads = [threading.Thread(target=generate, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, latent in latents.items():
        alone = _core.Generation(make_model(), make_plan())
        run(alone, Zeros(), seed=seed)
        np.testing.assert_array_equal(latent, alone.latent())
    assert len(latents) == 8


def test_object_that_is_no_executor_is_refused(generation: _core.Generation) -> None:
    with pytest.raises(AttributeError, match="run"):
        run(generation, object())


@pytest.mark.parametrize("steps", [0, -1, 1001])
def test_impossible_step_counts_are_refused(steps: int) -> None:
    with pytest.raises(LazyDiTError):
        _core.spaced_timesteps(1000, steps)
