"""What all commands share about processes: how they end when they are told to, how they start workers.

Stands on the ground: it knows nothing of the other packages, and importing it costs next to nothing.
"""

__version__ = "0.1.0"
"""Of all packages here."""
