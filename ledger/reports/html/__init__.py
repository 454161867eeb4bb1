"""A report as one page that stands for itself."""
