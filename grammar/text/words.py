"""Words that no name of a program may be."""

from __future__ import annotations

import builtins
import keyword

RESERVED = frozenset(dir(builtins)) | frozenset(keyword.kwlist) | {"jax", "jnp", "lax", "np", "random", "partial"}
"""Python's keywords and built-in names, and the names under which programs import modules."""
