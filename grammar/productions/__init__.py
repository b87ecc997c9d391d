"""The productions, by theme. Every module of this package is part of the grammar."""
