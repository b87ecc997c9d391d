"""Writes a drawn graph as a libcst module."""
