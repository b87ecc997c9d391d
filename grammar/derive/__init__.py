"""Draws the typed graph of a program."""
