"""What a bundle must reach to be written, by precision."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Bars:
    """The parity gate's bars.

    Attributes:
        min_agreement: the least share of decisions that PyTorch takes too.
        min_psnr: in dB, of every final latent against PyTorch's in fp32 with the same decisions.
        max_program_error: the largest error of a program that counts as rounding, relative to the
            largest value of its output.
    """

    min_agreement: float
    min_psnr: float
    max_program_error: float


BARS: Mapping[str, Bars] = {
    "fp32": Bars(min_agreement=1.0, min_psnr=60.0, max_program_error=1e-4),
    "fp16": Bars(min_agreement=0.99, min_psnr=40.0, max_program_error=1e-2),
    "int8": Bars(min_agreement=0.95, min_psnr=25.0, max_program_error=1e-1),
    "int4": Bars(min_agreement=0.85, min_psnr=18.0, max_program_error=5e-1),
}
"""fp32 must decide exactly as PyTorch does; coarser weights may turn scores near a threshold."""
