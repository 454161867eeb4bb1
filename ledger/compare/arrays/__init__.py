"""Arrays, and files of named ones."""
