"""Combinations of problem, scheme and solver as rows of a run."""
