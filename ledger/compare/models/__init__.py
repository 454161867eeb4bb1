"""Models in formats of their own."""
