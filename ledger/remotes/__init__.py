"""Places where ledgers are shared: how to reach one, what lies in it, and what of it is believed."""
