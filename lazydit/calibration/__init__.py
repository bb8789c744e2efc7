"""Calibrating schedules without training: masks, what a change does, and which to make."""
