"""The matrix products of a model's modules, against PyTorch's own count of them."""

from pathlib import Path

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from lazydit.checkpoints import load_checkpoint
from limit import MatrixProducts, products_of
from protocol import LIMIT, Case, EngineSpec


@pytest.fixture
def checkpoint(small_bundle) -> Path:
    return small_bundle.checkpoint


@pytest.mark.parametrize("samples", [1, 2])
def test_products_have_the_multiply_adds_that_pytorch_counts(checkpoint, samples: int) -> None:
    model = load_checkpoint(checkpoint)
    block = model.blocks[0]
    z = torch.randn(samples, model.config.tokens, model.config.width)
    for kind, module in (("attn", block.attn), ("mlp", block.mlp)):
        counter = FlopCounterMode(display=False)
        # The fused kernel of the CPU is not one that the counter knows.
        with sdpa_kernel(SDPBackend.MATH), torch.no_grad(), counter:
            module(z)
        products = products_of(model.config, samples)[kind]
        assert sum(product.flops for product in products) == counter.get_total_flops()


def test_the_engine_times_both_kinds_and_tells_the_flops_of_one_sample(checkpoint) -> None:
    before = torch.get_num_threads()
    engine = MatrixProducts(
        EngineSpec(kind=LIMIT, name="products", threads=1, checkpoint=str(checkpoint))
    )
    facts = engine.load()
    torch.set_num_threads(before)
    # By hand: 16 tokens, width 32, 4 heads, hidden 128.
    attn = 2 * (16 * 32 * 96 + 2 * 16 * 16 * 32 + 16 * 32 * 32)
    assert facts == {"flops": {"attn": attn, "mlp": 2 * 2 * 16 * 32 * 128}}
    assert set(engine.image(Case("limit", 1), 0, 0).kind_ms) == {"attn", "mlp"}
