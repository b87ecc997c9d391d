"""Proves productions against JAX."""
