"""The instruments page: maps over hyper-parameters, the race of timescales, fairness, basins, at the lab's setting."""
