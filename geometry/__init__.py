"""The ground that optimisers walk on: surfaces, network losses, slices, curvature. Imports nothing of the other layers."""
