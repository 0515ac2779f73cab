"""Jobs: what waits, what fails and why; retry and discard."""
