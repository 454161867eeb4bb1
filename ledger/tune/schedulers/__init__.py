"""Which trials of a search are stopped early, and which go on; one scheduler a file."""
