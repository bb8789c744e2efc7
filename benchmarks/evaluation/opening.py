"""From the command line to what a run needs: runner, cases, judge."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import torch

from bundles import find_bundle, make_cache, target_for
from evaluation.arguments import EXTRAPOLATE
from evaluation.bundle_runner import BundleRunner
from evaluation.cases import Case, Wanted, cases_for
from evaluation.features import DIGITS, FeatureNetwork, find_network
from evaluation.judge import Decoder, Judge
from evaluation.runners import Runner, Subject
from evaluation.torch_runner import TorchRunner
from lazydit.checkpoints import load_checkpoint
from lazydit.data import LabelledImages, open_images
from lazydit.demo import demo_checkpoint
from lazydit.errors import LazyDiTError
from lazydit.files import sha256
from lazydit.models.dit import DiTConfig
from lazydit_runtime.bundle import Bundle
from models import Weights, find_weights


def open_runner(arguments: argparse.Namespace, device: torch.device) -> Runner:
    """PyTorch, unless a bundle or an executor is named."""
    bundle: Path | None = arguments.bundle
    if bundle is None:
        make_cache(arguments.cache)
        weights = find_weights(arguments.model or "demo", arguments.cache)
        if arguments.gates:
            weights = Weights(weights.name, weights.checkpoint, tuple(arguments.gates))
        if arguments.executor is None:
            return TorchRunner(weights, arguments.guidance, device)
        bundle = find_bundle(weights, target_for(arguments.executor), "fp32", arguments.cache)
        config = load_checkpoint(weights.checkpoint).config
    else:
        config = _config_of(bundle, arguments)
    return BundleRunner(bundle, arguments.executor, arguments.threads, arguments.guidance, config)


def _config_of(bundle: Path, arguments: argparse.Namespace) -> DiTConfig | None:
    """The shape of the checkpoint that is named, or of the demo's if the bundle was made of it."""
    wanted = Bundle.open(bundle).manifest.model.checkpoint_sha256
    path = demo_checkpoint()
    if arguments.model is not None:
        path = find_weights(arguments.model, make_cache(arguments.cache)).checkpoint
        if sha256(path) != wanted:
            raise LazyDiTError(
                f"{bundle} was not made from {path}: name its own checkpoint with --model"
            )
    return load_checkpoint(path).config if sha256(path) == wanted else None


def open_cases(arguments: argparse.Namespace, runner: Runner) -> list[Case]:
    """Every policy asked for, each checked against the model.

    Raises LazyDiTError for one that cannot be drawn, and for two of one name.
    """
    extrapolate = EXTRAPOLATE[arguments.extrapolate or ("both" if runner.extrapolates else "no")]
    wanted = Wanted(
        steps=arguments.steps,
        plain=arguments.plain,
        policies=arguments.policies,
        ratios=arguments.ratio,
        skipped=arguments.skipped,
        every=arguments.every,
        schedules=arguments.schedule,
        extrapolate=extrapolate,
    )
    cases = cases_for(wanted, runner.gate_sets, runner.subject.modules)
    if not runner.extrapolates and any(case.extrapolate for case in cases):
        raise LazyDiTError(
            "this bundle has no program to extrapolate with: export it again, or take "
            "--extrapolate no and schedules without"
        )
    for case in cases:
        runner.check(case)
    name, count = Counter((case.name, case.steps) for case in cases).most_common(1)[0]
    if count > 1:
        raise LazyDiTError(
            f"two policies of {name[1]} steps are called {name[0]}: rename a schedule's file"
        )
    return cases


def open_judge(
    arguments: argparse.Namespace, subject: Subject, reference: Case, device: torch.device
) -> Judge:
    """With the network that is named, or the demo's own for the demo."""
    decoder = None if arguments.decoder is None else Decoder.named(arguments.decoder, device)
    name = arguments.features
    if name is None and is_demo(subject):
        name = DIGITS
    network = None
    if name is not None:
        shape = subject.shape if decoder is None else decoder.shape(subject.shape)
        if decoder is None and not subject.pixels:
            raise LazyDiTError(
                "a feature network looks at images and this model draws latents: name the decoder "
                "of its autoencoder with --decoder"
            )
        network = FeatureNetwork(name, find_network(name), shape, subject.num_classes, device)
    return Judge(reference, network, decoder)


def open_real(
    arguments: argparse.Namespace, subject: Subject, judge: Judge
) -> tuple[str | None, LabelledImages | None]:
    """The real images that are named, or the demo's for the demo, and what they are called."""
    name = arguments.real
    if judge.network is None:
        if name is not None:
            raise LazyDiTError(
                "--real is for the Frechet distance: name a feature network with --features"
            )
        return None, None
    if name is None and is_demo(subject):
        name = DIGITS
    if name is None:
        return None, None
    return name, open_images(name, judge.network.shape[-1])


def is_demo(subject: Subject) -> bool:
    return subject.checkpoint_sha256 == sha256(demo_checkpoint())
