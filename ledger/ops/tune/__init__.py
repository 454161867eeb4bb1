"""Search for hyperparameters: propose, run, record, and do it all again."""
