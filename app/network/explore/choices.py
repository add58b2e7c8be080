"""Choices that several tables of controls offer: whose weights, which data."""

from __future__ import annotations

from app.network.training.settings import METHOD_NAMES

MEAN = "mean"
AUTO = "auto"
BEGINNING = "start"
DATA = (("train", "Training"), ("test", "Test"))
SAMPLES = (("all", "All"), ("64", "64"), ("256", "256"), ("1024", "1024"))
POINTS = ((MEAN, "Mean of the methods"), *((name, name) for name in METHOD_NAMES))
AROUND = (*POINTS, (BEGINNING, "The first weights"))
OTHERS = ((AUTO, "Next method of the run"), *((name, name) for name in METHOD_NAMES))
SAMPLE_HELP = "Whole data, or a sample of so many examples; a sample's standard error is stated."
