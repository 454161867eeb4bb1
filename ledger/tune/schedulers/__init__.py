"""Which trials of a search are stopped early, by what they report on the way; one scheduler a file."""
