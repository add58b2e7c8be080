"""The version of Pothole lab, for files that must say what made them; pyproject.toml has the same (a test compares)."""

VERSION = "0.1.0"
