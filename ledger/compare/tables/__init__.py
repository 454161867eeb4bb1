"""Tables, databases, and other records in columns."""
