"""What the network lab gives away: curves, slices, curvature, weights, and a script that reproduces the run."""
