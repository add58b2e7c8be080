"""What can be set, and how it is read: controls, the links that hold them, settings of the environment."""
