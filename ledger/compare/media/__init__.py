"""Pictures, pages and sound."""
