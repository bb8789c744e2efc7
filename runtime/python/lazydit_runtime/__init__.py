"""Runs bundles of lazy Diffusion Transformers on this machine.

>>> pipeline = Pipeline.load("lazydit-android")
>>> pipeline.generate(7, seed=1, steps=10, policy="lazy").image.save("seven.png")
"""

from lazydit_runtime.bundle import Bundle
from lazydit_runtime.errors import Cancelled
from lazydit_runtime.pipeline import Pipeline, Request
from lazydit_runtime.planning import Memory
from lazydit_runtime.policies import Always, EveryN, FixedSchedule, Lazy, Policy
from lazydit_runtime.results import Result, Timings, write_traces
from lazydit_runtime.schedules import read_schedule
from lazydit_runtime.trace import Trace

__all__ = [
    "Always",
    "Bundle",
    "Cancelled",
    "EveryN",
    "FixedSchedule",
    "Lazy",
    "Memory",
    "Pipeline",
    "Policy",
    "Request",
    "Result",
    "Timings",
    "Trace",
    "read_schedule",
    "write_traces",
]
