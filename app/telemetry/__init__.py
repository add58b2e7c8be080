"""What can be seen of the program from outside while it runs: logs, health, metrics, the start-up line."""
