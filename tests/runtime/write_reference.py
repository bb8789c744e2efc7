"""Writes what the Python runtime makes of bundles: Kotlin and Swift libraries are held against it.

write_reference.py BUNDLE... --out FOLDER: FOLDER/cases.json and one raw float32 file per latent
and noise.
"""

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from lazydit_runtime import Always, EveryN, FixedSchedule, Lazy, Pipeline, Policy, Request


def requests(pipeline: Pipeline) -> list[Request]:
    """Every policy with and without its own settings, defaults left open, guidance and none."""
    manifest = pipeline.bundle.manifest
    last = manifest.gate_sets[-1]
    modules = 2 * manifest.model.depth
    mask = [[(step * 3 + module) % 4 != 1 for module in range(modules)] for step in range(5)]
    ratios = [
        Request(6, seed=9, steps=calibrated.steps, policy=Lazy(lazy_ratio=wished))
        for calibrated in manifest.lazy_ratios[:1]
        for wished in (0.0, 0.7 * calibrated.points[-1].lazy_ratio)
    ]
    noise = np.random.default_rng(1).standard_normal(manifest.model.latent_shape, np.float32)
    return [
        Request(3, seed=2**64 - 1, steps=4, policy=Always()),
        Request(0, seed=1, guidance=1.0, policy=Lazy(gates=last.name)),
        Request(1, seed=2, policy=Lazy(last.name, thresholds=(0.6, 0.4), max_reuse=None)),
        Request(2, seed=3, guidance=2.5, policy=Lazy(last.name, max_reuse=3)),
        Request(4, seed=4, steps=7, policy=EveryN(3)),
        Request(4, seed=4, steps=7, policy=EveryN(4, max_reuse=2)),
        Request(2, seed=5, steps=6, policy=FixedSchedule()),
        Request(2, seed=6, policy=FixedSchedule(mask)),
        Request(1, seed=0, steps=3, policy=Always(), noise=noise),
        Request(5, seed=7, steps=8, policy=EveryN(2, extrapolate=True)),
        Request(5, seed=7, policy=Lazy(last.name, max_reuse=2, extrapolate=True)),
        *ratios,
    ]


def policy_json(policy: Policy | str) -> dict[str, Any]:
    assert not isinstance(policy, str)
    return {"name": policy.name, **asdict(policy)}


def case(pipeline: Pipeline, request: Request, out: Path, name: str) -> dict[str, Any]:
    result = pipeline.generate_all([request])[0]
    result.latent.tofile(out / f"{name}.latent")
    if request.noise is not None:
        request.noise.tofile(out / f"{name}.noise")
    memory = pipeline.memory(request.steps, request.policy, request.guidance)
    return {
        "name": name,
        "bundle": pipeline.bundle.directory.name,
        "request": {
            "label": request.label,
            "seed": str(request.seed),
            "steps": request.steps,
            "guidance": request.guidance,
            "policy": policy_json(request.policy),
            "noise": request.noise is not None,
        },
        "result": result.to_json(),
        "image": result.pixels is not None,
        "memory": asdict(memory),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundles", nargs="+", type=Path)
    parser.add_argument("--out", required=True, type=Path)
    arguments = parser.parse_args()
    os.environ["LAZYDIT_WEIGHT_CACHE"] = "off"
    arguments.out.mkdir(parents=True, exist_ok=True)
    cases = []
    for bundle in arguments.bundles:
        with Pipeline.load(bundle) as pipeline:
            for number, request in enumerate(requests(pipeline)):
                name = f"{bundle.name}-{number}"
                cases.append(case(pipeline, request, arguments.out, name))
    (arguments.out / "cases.json").write_text(json.dumps(cases))


if __name__ == "__main__":
    main()
