"""JAX routines as they are written into rows."""
