"""Text, and JSON by its values."""
