"""Writing a calibrated schedule to the JSON file that runtimes read as policy `schedule`."""

import json
from pathlib import Path

from lazydit.diffusion import Schedule
from lazydit.files import replace_file
from lazydit.policies import FixedSchedule


def save_schedule(policy: FixedSchedule, schedule: Schedule, error: float, path: Path) -> None:
    """Write the mask of `policy` with what it is for and what it gives: `lazy_ratio`, and `error`,
    the mean squared one of its images against plain DDIM with many steps."""
    steps, modules = policy.run.shape
    content = {
        "steps": steps,
        "modules": modules,
        "timesteps": schedule.timesteps,
        "extrapolate": policy.extrapolate,
        "lazy_ratio": 1.0 - float(policy.run.float().mean()),
        "error": error,
        "run": policy.run.tolist(),
    }
    replace_file(path, lambda temporary: temporary.write_text(json.dumps(content) + "\n"))
