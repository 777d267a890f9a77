"""Measurements of speed, size and cost; not part of the package."""
