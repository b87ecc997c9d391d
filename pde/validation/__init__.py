"""Proves that every combination converges at its order, and reports it."""
