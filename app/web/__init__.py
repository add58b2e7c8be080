"""The edge to the network: who may ask, how often, in what form; and what every answer carries."""
