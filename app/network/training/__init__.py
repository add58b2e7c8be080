"""Training as a job: the problem, its settings, the loop and what it reports."""
