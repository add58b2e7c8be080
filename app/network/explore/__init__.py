"""Exploring a training run: slices of its loss, its curvature, the rescaling demonstration: jobs and addresses."""
