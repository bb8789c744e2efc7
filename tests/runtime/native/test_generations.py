"""Generations of the native executor on a bundle that export made: C++ tests, under sanitizers."""

import os
import subprocess

import pytest

from tests.conftest import TOOLS, SmallBundle

TESTS = TOOLS.parent / "core-tests" / "lazydit_native_generation_test"


@pytest.mark.skipif(not TESTS.exists(), reason="not built: run make test-core")
def test_generations_cancel_fail_and_run_at_the_same_time_without_loss(
    small_bundle: SmallBundle,
) -> None:
    environment = os.environ | {"LAZYDIT_TEST_BUNDLE": str(small_bundle.directory)}
    done = subprocess.run([TESTS], env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[  PASSED  ] 4 tests." in done.stdout
