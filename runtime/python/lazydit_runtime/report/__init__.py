"""The report on a bundle: one HTML page that needs nothing else."""
