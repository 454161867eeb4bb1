"""Which hyperparameters matter, for what, and by how much."""
