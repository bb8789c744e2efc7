"""What quality.py consists of: drawing, judging, comparing, showing."""
