"""The pipeline against the toy model's sampling written out in NumPy."""

import threading
from typing import Any, ClassVar

import numpy as np
import pytest

from lazydit.errors import LazyDiTError
from lazydit_runtime import Bundle, Cancelled, Pipeline, Request
from lazydit_runtime.policies import EveryN, FixedSchedule, Lazy


@pytest.fixture
def pipeline(toy: Any, toy_bundle: Any) -> Pipeline:
    return Pipeline(Bundle.open(toy_bundle.directory), toy.Executor())


def always(*_: Any) -> tuple[float, bool]:
    return np.nan, True


def by_gates(gates: np.ndarray, thresholds: tuple[float, float], max_reuse: int | None) -> Any:
    def decide(
        step: int, sample: int, module: int, z: np.ndarray, in_a_row: int
    ) -> tuple[float, bool]:
        score = 1 / (1 + np.exp(-(z @ gates[step, module].astype(np.float64)).sum()))
        return score, score >= thresholds[module % 2] or in_a_row == max_reuse

    return decide


def assert_equal(result: Any, expected: Any) -> None:
    np.testing.assert_array_equal(result.trace.ran, expected.ran)
    np.testing.assert_array_equal(result.trace.extrapolated, expected.extrapolated)
    np.testing.assert_allclose(result.latent, expected.latent, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("guidance", [1.0, 2.5])
@pytest.mark.parametrize("steps", [4, 10])
def test_always_is_plain_ddim(pipeline: Pipeline, toy: Any, steps: int, guidance: float) -> None:
    result = pipeline.generate(3, seed=11, steps=steps, guidance=guidance, policy="always")
    assert_equal(result, toy.expected(3, 11, steps, guidance, always))
    assert result.lazy_ratio == 0
    assert np.isnan(result.trace.scores).all()


@pytest.mark.parametrize("guidance", [1.0, 2.5])
@pytest.mark.parametrize(("gates", "max_reuse"), [("4-r50", None), ("6-r30", 1), ("6-r50", None)])
def test_lazy_takes_the_decisions_of_the_definition(
    pipeline: Pipeline, toy: Any, gates: str, max_reuse: int | None, guidance: float
) -> None:
    reused = 0
    for seed in range(8):
        label = seed % toy.classes
        result = pipeline.generate(label, seed=seed, guidance=guidance, gates=gates)
        decide = by_gates(toy.gates(gates), (0.5, 0.45), max_reuse)
        expected = toy.expected(label, seed, result.steps, guidance, decide)
        assert_equal(result, expected)
        decided = ~np.isnan(result.trace.scores)
        np.testing.assert_allclose(
            result.trace.scores[decided], expected.scores[decided], rtol=0, atol=1e-5
        )
        assert result.lazy_ratio == pytest.approx(1 - expected.ran.mean())
        reused += int((~expected.ran).sum())
    assert reused > 0


def test_lazy_takes_the_first_gate_set_of_the_step_count(pipeline: Pipeline) -> None:
    assert pipeline.generate(0, steps=6).gates == "6-r30"
    assert pipeline.generate(0).gates == "4-r50"


def test_thresholds_and_max_reuse_replace_the_gate_set_s(pipeline: Pipeline, toy: Any) -> None:
    result = pipeline.generate(
        1, seed=3, gates="6-r30", thresholds=(0.52, 0.4), max_reuse=2, guidance=1.0
    )
    decide = by_gates(toy.gates("6-r30"), (0.52, 0.4), 2)
    assert_equal(result, toy.expected(1, 3, 6, 1.0, decide))
    assert pipeline.generate(1, thresholds=0.0).lazy_ratio == 0
    unlimited = pipeline.generate(1, steps=6, thresholds=1.0, max_reuse=None)
    assert unlimited.lazy_ratio == pytest.approx(5 / 6)


@pytest.mark.parametrize("guidance", [1.0, 2.5])
def test_gate_set_says_whether_reused_outputs_are_extrapolated(
    toy: Any, toy_bundle: Any, guidance: float
) -> None:
    manifest = toy_bundle.manifest()
    manifest["gate_sets"][2]["extrapolate"] = True
    toy_bundle.write_manifest(manifest)
    pipeline = Pipeline(Bundle.open(toy_bundle.directory), toy.Executor())
    decide = by_gates(toy.gates("6-r50"), (0.5, 0.45), None)
    for extrapolate in (True, False):
        choice = {} if extrapolate else {"extrapolate": False}
        result = pipeline.generate(1, seed=2, gates="6-r50", guidance=guidance, **choice)
        assert_equal(result, toy.expected(1, 2, 6, guidance, decide, extrapolate))
        assert result.trace.extrapolated.any() == extrapolate


def test_every_n_and_schedules_extrapolate_where_told(pipeline: Pipeline, toy: Any) -> None:
    result = pipeline.generate(2, seed=1, steps=10, policy=EveryN(3, extrapolate=True))
    expected = toy.expected(2, 1, 10, 2.5, lambda step, *_: (np.nan, step % 3 == 0), True)
    assert_equal(result, expected)
    # Nothing is extrapolated before the second run.
    assert not result.trace.extrapolated[:4].any() and result.trace.extrapolated[4:6].all()
    mask = np.random.default_rng(3).random((10, 2 * toy.depth)) < 0.5
    mask[0] = True
    result = pipeline.generate(2, seed=1, policy=FixedSchedule(mask.tolist(), extrapolate=True))
    expected = toy.expected(
        2, 1, 10, 2.5, lambda step, sample, module, *_: (np.nan, bool(mask[step, module])), True
    )
    assert_equal(result, expected)


def test_bundle_without_the_program_cannot_extrapolate(toy: Any, toy_bundle: Any) -> None:
    manifest = toy_bundle.manifest()
    del manifest["graph"]["extrapolate"]
    toy_bundle.write_manifest(manifest)
    pipeline = Pipeline(Bundle.open(toy_bundle.directory), toy.Executor())
    assert not pipeline.generate(0, policy="every-n").trace.extrapolated.any()
    with pytest.raises(LazyDiTError, match="no program to extrapolate with: export it again"):
        pipeline.generate(0, policy="every-n", extrapolate=True)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_every_n_runs_at_every_nth_step(pipeline: Pipeline, toy: Any, n: int) -> None:
    result = pipeline.generate(2, seed=1, steps=10, policy=EveryN(n))
    expected = toy.expected(2, 1, 10, 2.5, lambda step, *_: (np.nan, step % n == 0))
    assert_equal(result, expected)


def test_schedule_runs_as_its_mask_says(pipeline: Pipeline, toy: Any) -> None:
    mask = np.random.default_rng(3).random((10, 2 * toy.depth)) < 0.5
    mask[0] = True
    result = pipeline.generate(2, seed=1, policy=FixedSchedule(mask.tolist()))
    expected = toy.expected(
        2, 1, 10, 2.5, lambda step, sample, module, *_: (np.nan, bool(mask[step, module]))
    )
    assert_equal(result, expected)


def test_schedule_without_a_mask_alternates_between_the_kinds(pipeline: Pipeline) -> None:
    ran = pipeline.generate(0, steps=4, policy="schedule").trace.ran[:, 0, :2]
    assert ran.tolist() == [[True, True], [False, True], [True, False], [False, True]]


def test_given_noise_takes_the_place_of_the_seed_s(pipeline: Pipeline) -> None:
    import torch

    noise = torch.randn((3, 4, 4), generator=torch.Generator().manual_seed(9)).numpy()
    by_seed = pipeline.generate(0, seed=9)
    np.testing.assert_allclose(
        pipeline.generate(0, noise=noise).latent, by_seed.latent, rtol=1e-5, atol=1e-5
    )


def test_image_is_the_latent_from_minus_one_to_one(pipeline: Pipeline) -> None:
    result = pipeline.generate(4, seed=2)
    assert result.image.mode == "RGB" and result.image.size == (4, 4)
    levels = np.clip((result.latent.transpose(1, 2, 0) + 1) * 127.5, 0, 255)
    assert np.abs(np.asarray(result.image) - levels).max() <= 0.5 + 1e-3


def test_latent_beyond_all_numbers_has_no_image(pipeline: Pipeline) -> None:
    result = pipeline.generate(0, steps=6, guidance=1e300)
    assert not np.isfinite(result.latent).all()
    with pytest.raises(LazyDiTError, match="choose a guidance closer to 1 than 1e.300"):
        _ = result.image


def test_latent_model_without_decode_has_no_image(toy: Any, toy_bundle: Any) -> None:
    manifest = toy_bundle.manifest()
    manifest["model"]["image"] = None
    toy_bundle.write_manifest(manifest)
    result = Pipeline(Bundle.open(toy_bundle.directory), toy.Executor()).generate(0)
    assert result.latent.shape == toy.latent
    with pytest.raises(LazyDiTError, match="decode"):
        _ = result.image


def test_trace_is_json_with_null_where_no_gate_decided(pipeline: Pipeline, toy: Any) -> None:
    import json

    result = pipeline.generate(0, steps=4)
    read = json.loads(json.dumps(result.trace.to_json(), allow_nan=False))
    assert read["scores"][0] == [[None] * 2 * toy.depth] * 2
    assert read["ran"] == result.trace.ran.tolist()
    scores = np.array(read["scores"][1], dtype=np.float32)
    np.testing.assert_allclose(scores, result.trace.scores[1], rtol=1e-5)


def test_several_requests_give_what_each_gives_alone(pipeline: Pipeline) -> None:
    requests = [
        Request(0, seed=1),
        Request(1, seed=2),
        Request(1, seed=2, steps=10, policy="always"),
        Request(2, seed=3, guidance=1.0),
        Request(0, seed=1, policy=Lazy(thresholds=0.9)),
    ]
    for request, result in zip(requests, pipeline.generate_all(requests), strict=True):
        alone = pipeline.generate(
            request.label, request.seed, request.steps, request.guidance, request.policy
        )
        np.testing.assert_array_equal(result.latent, alone.latent)
        assert (result.label, result.seed) == (request.label, request.seed)


def test_bad_request_is_refused_before_any_image_is_generated(pipeline: Pipeline) -> None:
    with pytest.raises(LazyDiTError, match="label 9"):
        pipeline.generate_all([Request(0), Request(9)])
    assert pipeline.executor.programs == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"label": 5}, "label 5 is out of range"),
        ({"label": -1}, "label -1 is out of range"),
        ({"seed": -1}, "seed -1 is out of range"),
        ({"seed": 2**64}, "out of range"),
        ({"steps": 0}, "0 steps"),
        ({"steps": 101}, "101 steps"),
        ({"steps": 7}, "no gate set for 7 steps"),
        ({"gates": "7-r30"}, "no gate set 7-r30"),
        ({"gates": "4-r50", "steps": 6}, "for 4 steps"),
        ({"guidance": float("nan")}, "guidance"),
        ({"policy": "sometimes"}, "no policy sometimes"),
        ({"policy": "always", "gates": "4-r50"}, "always"),
        ({"policy": EveryN(2), "gates": "4-r50"}, "policy"),
        ({"policy": FixedSchedule([[True] * 4] * 3), "steps": 4}, "schedule"),
        ({"policy": FixedSchedule([[True] * 6] * 4)}, "schedule"),
        ({"thresholds": float("inf")}, "threshold"),
        ({"max_reuse": 0}, "max_reuse"),
        ({"noise": np.zeros((3, 2, 2), np.float32)}, "noise"),
    ],
)
def test_impossible_requests_say_what_is_wrong(
    pipeline: Pipeline, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(LazyDiTError) as caught:
        pipeline.generate(**({"label": 0} | changes))
    sentence = str(caught.value)
    assert words in sentence
    assert "\n" not in sentence
    assert pipeline.executor.programs == []


def test_every_n_that_never_runs_is_refused() -> None:
    with pytest.raises(LazyDiTError, match="n = 0"):
        EveryN(0)


def test_missing_gate_set_names_the_step_counts_there_are(pipeline: Pipeline) -> None:
    with pytest.raises(LazyDiTError, match="4, 6.*always"):
        pipeline.generate(0, steps=5)


def test_progress_comes_after_every_step(pipeline: Pipeline, toy: Any) -> None:
    seen: list[tuple[int, int, int]] = []
    result = pipeline.generate(
        0, steps=6, on_step=lambda step: seen.append((step.step, step.reached, step.reused))
    )
    reused = (~result.trace.ran).sum(axis=(1, 2))
    assert seen == [(index, 4 * toy.depth, reused[index]) for index in range(6)]


def test_on_step_cancels(pipeline: Pipeline) -> None:
    with pytest.raises(Cancelled):
        pipeline.generate(0, on_step=lambda step: step.step == 1)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_what_on_step_raises_comes_out(pipeline: Pipeline, error: type[BaseException]) -> None:
    def on_step(step: Any) -> None:
        raise error("of on_step")

    with pytest.raises(error, match="of on_step"):
        pipeline.generate(0, on_step=on_step)


def test_what_the_executor_raises_comes_out(toy: Any, toy_bundle: Any) -> None:
    class Broken(toy.Executor):
        def compute(self, program: str, inputs: Any) -> Any:
            if program == "reuse":
                raise MemoryError("of the engine")
            return super().compute(program, inputs)

    pipeline = Pipeline(Bundle.open(toy_bundle.directory), Broken())
    with pytest.raises(MemoryError, match="of the engine"):
        pipeline.generate(0, thresholds=1.0)


def test_activations_of_16_bits_reach_the_executor_as_such(toy: Any, toy_bundle: Any) -> None:
    expected = Pipeline(Bundle.open(toy_bundle.directory), toy.Executor()).generate(1, steps=6)
    manifest = toy_bundle.manifest()
    manifest["model"]["activation_type"] = "float16"
    for program in manifest["programs"].values():
        for tensor in (*program["inputs"], *program["outputs"]):
            if tensor["name"] in ("x", "norm", "output", "previous"):
                tensor["dtype"] = "float16"
    toy_bundle.write_manifest(manifest)

    class Recording(toy.Executor):
        dtypes: ClassVar[dict[str, list[str]]] = {}

        def run(self, program: str, inputs: list[Any], outputs: list[Any]) -> None:
            self.dtypes[program] = [array.dtype.name for array in (*inputs, *outputs)]
            super().run(program, inputs, outputs)

    found = Pipeline(Bundle.open(toy_bundle.directory), Recording()).generate(1, steps=6)
    half, single = "float16", "float32"
    assert Recording.dtypes["block_00_attn"] == [half] * 2 + [single] * 3 + [half] * 2 + [
        single,
        half,
    ]
    assert Recording.dtypes["final"] == [half, single, single, single]
    np.testing.assert_allclose(found.latent, expected.latent, atol=0.1)
    assert not np.array_equal(found.latent, expected.latent)


def test_threads_generate_at_the_same_time(pipeline: Pipeline) -> None:
    latents: dict[int, np.ndarray] = {}

    def generate(seed: int) -> None:
        latents[seed] = pipeline.generate(seed % 5, seed=seed, steps=6).latent

    threads = [threading.Thread(target=generate, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(latents) == list(range(6))
    for seed, latent in latents.items():
        alone = pipeline.generate(seed % 5, seed=seed, steps=6).latent
        np.testing.assert_array_equal(latent, alone)


def test_pipeline_closes_its_executor(toy: Any, toy_bundle: Any) -> None:
    executor = toy.Executor()
    with Pipeline(Bundle.open(toy_bundle.directory), executor):
        assert not executor.closed
    assert executor.closed


def test_closed_pipeline_refuses_to_generate(pipeline: Pipeline) -> None:
    pipeline.close()
    with pytest.raises(LazyDiTError, match="closed"):
        pipeline.generate(0)
    assert pipeline.executor.programs == []


def test_memory_is_what_the_setting_needs(pipeline: Pipeline, toy: Any) -> None:
    plain = pipeline.memory(10, "always", 1.0)
    assert 0 < plain.cache + plain.modulation + plain.activations + plain.trace <= plain.total
    assert pipeline.memory(6).cache > 0 < pipeline.memory(6).gates
    # Modulation of a step: 6 D values for each block and 2 D at the end, for each of two samples.
    more = pipeline.memory(10, "always").modulation - pipeline.memory(9, "always").modulation
    width = 8
    assert more == 2 * 4 * (6 * toy.depth + 2) * width
    assert pipeline.executor.programs == []
