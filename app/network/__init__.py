"""The network page: a real network trained by the four methods, drawn on a slice of its real loss."""
