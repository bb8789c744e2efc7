"""What the paper says of a DiT, measured on a checkpoint.

The paper is Shen et al., "LazyDiT: Lazy Learning for the Acceleration of Diffusion Transformers",
2025 (arXiv 2412.12444). docs/analysis.md tells what each number means.
"""
