"""LazyDiT: Diffusion Transformers whose modules are reused between denoising steps."""

__version__ = "0.1.0"
