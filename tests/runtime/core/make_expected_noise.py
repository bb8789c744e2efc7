"""Writes expected_noise.h: what torch.randn draws on a CPU.

python tests/runtime/core/make_expected_noise.py > tests/runtime/core/expected_noise.h
"""

import torch

SEEDS = (0, 1, 42, 2**32 + 5, 2**63 - 1)
SIZES = (1, 2, 15, 16, 17, 31, 32, 100)

print("// Written by make_expected_noise.py with torch", torch.__version__.split("+")[0])
print("#pragma once\n\n#include <cstdint>\n#include <vector>\n")
print("struct ExpectedNoise {\n  uint64_t seed;\n  std::vector<float> values;\n};\n")
print("inline const std::vector<ExpectedNoise> kExpectedNoise = {")
for seed in SEEDS:
    for size in SIZES:
        values = torch.randn(size, generator=torch.Generator().manual_seed(seed))
        numbers = [f"{value:.9e}F" for value in values.tolist()]
        print(f"    {{{seed}U,\n     {{", end="")
        print(",\n      ".join(", ".join(numbers[i : i + 6]) for i in range(0, size, 6)) + "}},")
print("};")
