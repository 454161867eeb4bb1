"""Spaces: what may be tried, how that is written, and as the unit cube."""
