"""Who takes part: this runtime on each bundle, the peers, and the bare matrix products."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path

from bundles import cache_key, find_bundle, make_cache, target_for
from lazydit.demo import demo_checkpoint
from lazydit.errors import LazyDiTError
from lazydit.files import sha256
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.executors import executor_for
from lazydit_runtime.manifest import Manifest
from models import Weights, find_weights
from protocol import BUNDLE, LIMIT, EngineSpec


@dataclass(frozen=True)
class Lineup:
    """The engines of a run, all on the same weights.

    `engines` are this runtime's, then the peers, by number of threads; `limits` time the products,
    one per number of threads, where the weights are at hand. `manifest` is the first bundle's.
    """

    manifest: Manifest
    engines: list[EngineSpec]
    limits: list[EngineSpec]

    @property
    def num_classes(self) -> int:
        return self.manifest.model.num_classes


def line_up(arguments: argparse.Namespace) -> Lineup:
    """Exports what is missing; LazyDiTError when the arguments do not fit together."""
    weights, bundles = _bundles(arguments)
    manifest = Bundle.open(bundles[0].path).manifest
    engines, limits = [], []
    for threads in arguments.threads:
        limit = _limit(manifest, weights, threads)
        engines += [
            replace(
                limit,
                kind=BUNDLE,
                name=bundle.executor,
                precision=bundle.precision,
                bundle=str(bundle.path),
                executor=bundle.executor,
            )
            for bundle in bundles
        ]
        if weights is not None:
            kept = arguments.cache / f"{weights.name}-whole-{cache_key(weights)}"
            engines += [
                replace(limit, kind=peer, name=peer, kept=str(kept)) for peer in arguments.peers
            ]
            limits.append(limit)
    return Lineup(manifest, engines, limits)


@dataclass(frozen=True)
class _Measured:
    """A bundle and the executor that is to run it."""

    path: Path
    executor: str
    precision: str


def _limit(manifest: Manifest, weights: Weights | None, threads: int) -> EngineSpec:
    """The matrix products; what is said of the model here goes for all engines."""
    model = manifest.model
    return EngineSpec(
        kind=LIMIT,
        name="matrix products",
        threads=threads,
        checkpoint=None if weights is None else str(weights.checkpoint),
        guidance=manifest.defaults.guidance,
        guidance_channels=model.guidance_channels,
        latent_shape=model.latent_shape,
        num_classes=model.num_classes,
    )


def _bundles(arguments: argparse.Namespace) -> tuple[Weights | None, list[_Measured]]:
    if arguments.bundle is not None:
        return _given_bundle(arguments)
    make_cache(arguments.cache)
    weights = find_weights(arguments.model or "demo", arguments.cache)
    measured = []
    for executor in arguments.executor or [None]:
        target = target_for(executor)
        for precision in arguments.precision or ["fp32"]:
            path = find_bundle(weights, target, precision, arguments.cache)
            measured.append(_Measured(path, executor or executor_for(target), precision))
    return weights, measured


def _given_bundle(arguments: argparse.Namespace) -> tuple[Weights | None, list[_Measured]]:
    manifest = Bundle.open(arguments.bundle).manifest
    if arguments.precision not in (None, [manifest.precision]):
        raise LazyDiTError(
            f"{arguments.bundle} holds {manifest.precision} programs: leave --precision out, or "
            "measure a --model, which is exported in every precision asked for"
        )
    if arguments.model is not None or arguments.peers:
        make_cache(arguments.cache)
    weights = _weights_of(manifest, arguments)
    if weights is None and arguments.peers:
        raise LazyDiTError(
            f"peers need the weights that {arguments.bundle} was made of: name them with --model, "
            "or leave --peers out"
        )
    executors = arguments.executor or [executor_for(manifest.target)]
    return weights, [_Measured(arguments.bundle, name, manifest.precision) for name in executors]


def _weights_of(manifest: Manifest, arguments: argparse.Namespace) -> Weights | None:
    """The checkpoint of a given bundle: the one that is named, or the demo's if it is that."""
    model, wanted = arguments.model, manifest.model.checkpoint_sha256
    if model is None:
        known = sha256(demo_checkpoint()) == wanted
        return Weights(manifest.model.name, demo_checkpoint()) if known else None
    path = find_weights(model, arguments.cache).checkpoint
    if sha256(path) != wanted:
        raise LazyDiTError(
            f"{arguments.bundle} was not made from {path}: name its own checkpoint with --model"
        )
    return Weights(manifest.model.name, path)
