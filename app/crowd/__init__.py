"""Many people at once: equal wishes joined, those that wait computed together, turns that are fair, answers kept."""
