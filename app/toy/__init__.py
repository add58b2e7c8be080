"""The toy lab: its controls, states and links, what is computed for them, and its page."""
