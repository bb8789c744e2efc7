"""Reading the mask of policy `schedule` from a file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lazydit.errors import LazyDiTError
from lazydit_runtime.policies import FixedSchedule


def read_schedule(path: Path) -> FixedSchedule:
    """The mask in a JSON file.

    The file is either {"steps": T, "modules": 2L, "run": [T rows of 2L booleans]}, with or without
    "extrapolate": true or false, or a trace file as `results.write_traces` writes it: then a module
    runs at a step iff it ran there for any sample of any image, and what is reused is extrapolated
    iff anything was. Raises LazyDiTError for anything else.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LazyDiTError(f"{path} cannot be read ({error.strerror}): check the path") from error
    except (ValueError, RecursionError) as error:
        raise LazyDiTError(f"{path} is not JSON: give a schedule or a trace file") from error
    if isinstance(content, dict) and "images" in content:
        run, extrapolate = _any_sample(content["images"], path)
    elif isinstance(content, dict) and "run" in content:
        run, extrapolate = _booleans(content["run"], 2, path), content.get("extrapolate", False)
        if not isinstance(extrapolate, bool):
            raise LazyDiTError(
                f"{path} holds an extrapolate that is neither true nor false: correct it"
            )
        sizes = (content.get("steps"), content.get("modules"))
        if sizes != run.shape:
            raise LazyDiTError(
                f"{path} speaks of {sizes[0]} steps and {sizes[1]} modules but run has "
                f"{run.shape[0]} rows of {run.shape[1]}: correct one of them"
            )
    else:
        raise LazyDiTError(
            f'{path} is neither a schedule nor a trace: give {{"steps": T, "modules": 2L, '
            '"run": [[true, ...], ...]} or a file that --trace wrote'
        )
    return FixedSchedule(run.tolist(), extrapolate=extrapolate)


def _any_sample(images: Any, path: Path) -> tuple[NDArray[np.bool_], bool]:
    """What ran for any sample of a trace file's images, and whether anything was extrapolated."""
    try:
        traces = [image["trace"] for image in images]
        decisions = [_booleans(trace["ran"], 3, path).any(axis=1) for trace in traces]
        # Traces written before there was a choice lack it.
        extrapolated = [
            _booleans(trace["extrapolated"], 3, path).any()
            for trace in traces
            if "extrapolated" in trace
        ]
    except (KeyError, TypeError) as error:
        raise LazyDiTError(f"{path} is not a trace file: give one that --trace wrote") from error
    if len({ran.shape for ran in decisions}) != 1:
        raise LazyDiTError(
            f"{path} has not one step count and depth throughout: give a trace of one policy"
        )
    run: NDArray[np.bool_] = np.logical_or.reduce(decisions)
    return run, any(extrapolated)


def _booleans(rows: Any, rank: int, path: Path) -> NDArray[np.bool_]:
    try:
        values = np.array(rows)
    except ValueError:  # rows of different lengths
        values = np.empty(0)
    if values.dtype != np.bool_ or values.ndim != rank or 0 in values.shape:
        raise LazyDiTError(
            f"{path} holds a mask that is not rows of true and false of one length: correct it"
        )
    return values
