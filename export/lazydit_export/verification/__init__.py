"""The parity gate and the calibration: what a written bundle does, held against PyTorch."""
