"""The page on which a ledger is looked at: a server on loopback, and what it serves."""
