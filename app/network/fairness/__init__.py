"""A fair comparison on networks: every method tuned with the same effort, then judged on fresh seeds."""
