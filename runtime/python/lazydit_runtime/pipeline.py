"""Generating images with a bundle."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lazydit.errors import LazyDiTError
from lazydit_runtime import _core, planning
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.executors import Executor, executor_for, open_executor
from lazydit_runtime.planning import Memory, Setting
from lazydit_runtime.policies import Extrapolate, MaxReuse, Policy, ThresholdPair, named_policy
from lazydit_runtime.results import Result, Timings
from lazydit_runtime.trace import Trace

if TYPE_CHECKING:
    from typing_extensions import CapsuleType, Self

OnStep = Callable[[_core.Step], object]
"""Called after every step; a true answer cancels the generation, which then raises Cancelled."""

_MAX_SEED = 2**64 - 1


@dataclass(frozen=True, eq=False)
class Request:
    """One image to generate.

    Attributes:
        label: the class, from 0 to the bundle's num_classes - 1.
        seed: of the starting noise, 0 to 2^64 - 1; the same on every platform, and what torch.randn
            draws on a CPU.
        steps: how many; None: those of the policy's gate set or mask, else the bundle's default.
        guidance: scale of classifier-free guidance; 1 is none, None the bundle's default.
        policy: who decides whether a module runs: a policy or its name.
        noise: float32 [C, h, w] to start from in place of the seed's noise.
    """

    label: int
    seed: int = 0
    steps: int | None = None
    guidance: float | None = None
    policy: Policy | str = "lazy"
    noise: NDArray[np.float32] | None = None


class Pipeline:
    """A bundle and an executor that runs its programs.

    Threads: every generation has its own memory, so that several threads may generate at the same
    time; whether their programs then run at the same time is up to the executor. `close` must wait
    until all generations have ended.
    """

    def __init__(self, bundle: Bundle, executor: "Executor | CapsuleType") -> None:
        """Use `executor`, or a native one: a PyCapsule named "lazydit_executor" that holds a
        pointer to the core's lazydit_executor. A capsule's memory is the business of whoever made
        it; any other executor is closed with the pipeline.
        """
        self._bundle = bundle
        self._executor = executor
        # Without Python in between, where the executor can do without.
        self._runner = getattr(executor, "capsule", executor)
        self._model = planning.core_model(bundle.manifest)
        self._closed = False

    @classmethod
    def load(
        cls,
        bundle: Path | str,
        executor: str | None = None,
        threads: int | None = None,
        checkpoint: Path | None = None,
    ) -> "Self":
        """Verify the bundle in a directory and load its programs into an engine.

        Args:
            bundle: the directory that export wrote.
            executor: the name of the engine, such as "torch", the oracle, with a colon and a device
                where the engine has several; None takes the one that bundles of this target are
                made for.
            threads: how many the engine uses, at least 1; None leaves it to the engine. Native
                pipelines of a process share one pool, which keeps its size while there are others.
            checkpoint: the weights that the bundle was made of; only "torch" reads it.

        Raises LazyDiTError with one sentence when anything is wrong; nothing was run then.
        """
        if threads is not None and threads < 1:
            raise LazyDiTError(f"{threads} threads cannot run anything: choose 1 or more")
        opened = Bundle.open(bundle)
        name = executor or executor_for(opened.manifest.target)
        return cls(opened, open_executor(name, opened, threads=threads, checkpoint=checkpoint))

    def __enter__(self) -> "Self":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the engine's memory. The pipeline cannot generate afterwards."""
        self._closed = True
        if hasattr(self._executor, "close"):
            self._executor.close()

    @property
    def bundle(self) -> Bundle:
        """What is run; its manifest says what it can do."""
        return self._bundle

    @property
    def executor(self) -> Any:
        """What runs it: an Executor or a capsule."""
        return self._executor

    @property
    def num_classes(self) -> int:
        """Labels are 0 to num_classes - 1."""
        return self._bundle.manifest.model.num_classes

    def generate(
        self,
        label: int,
        seed: int = 0,
        steps: int | None = None,
        guidance: float | None = None,
        policy: Policy | str = "lazy",
        gates: str | None = None,
        thresholds: float | ThresholdPair | None = None,
        max_reuse: MaxReuse = "stored",
        extrapolate: Extrapolate = "stored",
        lazy_ratio: float | None = None,
        noise: NDArray[np.float32] | None = None,
        on_step: OnStep | None = None,
    ) -> Result:
        """Generate one image.

        Args:
            label, seed, steps, guidance, noise: as in `Request`.
            policy: "lazy", "always", "every-n", "schedule", or a policy.
            gates, thresholds, max_reuse, extrapolate, lazy_ratio: as in `policies.Lazy`, for a
                policy given by name.
            on_step: called after every step, on the calling thread; a true answer cancels.

        Raises:
            LazyDiTError: the request is not possible with this bundle; nothing was run.
            Cancelled: `on_step` said so.
            Exception: what the executor or `on_step` raised, unchanged.
        """
        if isinstance(policy, str):
            policy = named_policy(
                policy,
                gates=gates,
                thresholds=thresholds,
                max_reuse=max_reuse,
                extrapolate=extrapolate,
                lazy_ratio=lazy_ratio,
            )
        elif (gates, thresholds, max_reuse, extrapolate, lazy_ratio) != (
            *(None, None, "stored", "stored", None),
        ):
            raise LazyDiTError(
                "gates, thresholds, max_reuse, extrapolate and lazy_ratio go with a policy's name: "
                "put them into the policy"
            )
        request = Request(label, seed, steps, guidance, policy, noise)
        return self.generate_all([request], on_step)[0]

    def generate_all(
        self, requests: Sequence[Request], on_step: OnStep | None = None
    ) -> list[Result]:
        """Generate one image per request, in this order; all are checked before the first runs.

        Neighbours with the same setting share their memory. Raises what `generate` raises.
        """
        if self._closed:
            raise LazyDiTError("this pipeline is closed: load the bundle again")
        settings = [self._checked(request) for request in requests]
        results: list[Result] = []
        planned: Setting | None = None
        for request, setting in zip(requests, settings, strict=True):
            if setting != planned:
                plan = planning.core_plan(self._bundle, setting)
                generation = _core.Generation(self._model, plan)
                planned = setting
            generation.run(
                self._runner,
                label=operator.index(request.label),
                seed=operator.index(request.seed),
                guidance=setting.guidance,
                noise=request.noise,
                on_step=on_step,
            )
            results.append(self._result(request, setting, generation))
        return results

    def memory(
        self,
        steps: int | None = None,
        policy: Policy | str = "lazy",
        guidance: float | None = None,
    ) -> Memory:
        """The bytes that such a generation will allocate, beside the engine's own."""
        setting = planning.resolve(self._bundle, steps, guidance, policy)
        return planning.memory(self._bundle, setting)

    def _checked(self, request: Request) -> Setting:
        if not 0 <= request.label < self.num_classes:
            raise LazyDiTError(
                f"label {request.label} is out of range: choose from 0 to {self.num_classes - 1}"
            )
        if not 0 <= request.seed <= _MAX_SEED:
            raise LazyDiTError(f"seed {request.seed} is out of range: choose from 0 to 2^64 - 1")
        shape = self._bundle.manifest.model.latent_shape
        if request.noise is not None and request.noise.shape != shape:
            raise LazyDiTError(
                f"the noise has shape {list(request.noise.shape)}: give {list(shape)}"
            )
        return planning.resolve(self._bundle, request.steps, request.guidance, request.policy)

    def _result(self, request: Request, setting: Setting, generation: _core.Generation) -> Result:
        latent = generation.latent()
        assert latent is not None, "the core returned from a run that did not end"
        sources = {"latent": latent, "decode": generation.image(), None: None}
        manifest = self._bundle.manifest
        return Result(
            label=operator.index(request.label),
            seed=operator.index(request.seed),
            steps=setting.steps,
            guidance=setting.guidance,
            policy=setting.policy.name,
            gates=None if setting.gate_set is None else setting.gate_set.name,
            thresholds=None if setting.gate_set is None else setting.thresholds,
            max_reuse=setting.max_reuse,
            latent=latent,
            pixels=sources[manifest.model.image],
            trace=Trace(
                timesteps=planning.timesteps(self._bundle, setting),
                modules=tuple(module.name for module in manifest.graph.modules),
                scores=generation.scores(),
                ran=generation.ran(),
                extrapolated=generation.extrapolated(),
                module_ms=generation.module_ms(),
            ),
            timings=Timings(**generation.timings(), step_ms=tuple(generation.step_ms().tolist())),
        )
