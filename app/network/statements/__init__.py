"""Statements about the methods on a network, judged by several seeds that the engine trains in the background."""
