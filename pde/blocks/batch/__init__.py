"""The same routines for a batch of problems at once."""
