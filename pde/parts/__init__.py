"""Binds JAX routines to their arguments and writes them into programs."""
