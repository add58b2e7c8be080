"""The ground that optimisers walk on: surfaces, network losses, slices, curvature."""

__version__ = "0.1.0"
