"""The ground that optimisers walk on: surfaces, network losses, slices, curvature."""
