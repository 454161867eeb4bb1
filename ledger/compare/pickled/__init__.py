"""What Python pickles: its values, read as structure and never executed; PyTorch's files."""
