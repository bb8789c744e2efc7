"""Runs of benchmarks/quality.py, made up: a test says what it is about, the rest is filled in."""

from typing import Any

from lazydit.quality import Estimate, PolicyQuality, QualityRun


def estimate(value: float) -> Estimate:
    """With an interval of a tenth to either side."""
    return Estimate(value, 0.9 * value, 1.1 * value)


def policy_quality(policy: str, steps: int, **changes: Any) -> PolicyQuality:
    """A policy of which nothing but an error was measured."""
    settings: dict[str, Any] = {
        "name": policy,
        "family": policy,
        "gates": None,
        "extrapolate": False,
        "lazy_ratio": 0.0,
        "multiply_adds": None,
        "image_ms": None,
        "error": estimate(0.1 / steps),
        "psnr": None,
        "frechet": None,
        "accuracy": None,
        "comparisons": (),
    }
    return PolicyQuality(policy=policy, steps=steps, **{**settings, **changes})


def quality_run(*policies: PolicyQuality, **changes: Any) -> QualityRun:
    """A run of these policies."""
    settings: dict[str, Any] = {
        "model": "m",
        "checkpoint_sha256": "0" * 64,
        "engine": "executorch",
        "precision": "fp32",
        "device": "host",
        "processor": "P",
        "machine": "x86_64",
        "cpus": 2,
        "threads": None,
        "versions": {"lazydit": "0"},
        "guidance": 3.0,
        "images": 20,
        "first_seed": 0,
        "reference_steps": 50,
        "pixels": True,
        "features": None,
        "frechet_to": None,
        "rounds": 5,
        "clock": "wall",
        "doubts": (),
    }
    return QualityRun(policies=policies, **{**settings, **changes})
