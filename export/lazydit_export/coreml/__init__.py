"""Core ML packages: how programs become them, and how they are run without Apple's engine."""
