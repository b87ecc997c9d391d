"""Poisson solvers: a family of variants, each proven to solve its equation, and a library of the same parts.

>>> import pde
>>> pde.solve(pde.Problem(2, "dirichlet", "poisson", "sine"), solver="multigrid", n=63).error < 1e-3
True

JAX is imported when a name is first used, so that the command line can print its help without it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pde.errors import UserError
    from pde.family.variant import Program, Variant, assemble
    from pde.library import Outcome, Status, default_tolerance, solve, solver_function
    from pde.schemes.problem import Problem, Solution

_HOMES = {
    "UserError": "errors",
    "Outcome": "library",
    "Status": "library",
    "default_tolerance": "library",
    "solve": "library",
    "solver_function": "library",
    "Problem": "schemes.problem",
    "Solution": "schemes.problem",
    "Program": "family.variant",
    "Variant": "family.variant",
    "assemble": "family.variant",
}
__all__ = [
    "Outcome",
    "Problem",
    "Program",
    "Solution",
    "Status",
    "UserError",
    "Variant",
    "assemble",
    "default_tolerance",
    "solve",
    "solver_function",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'pde' has no attribute {name!r}")
    return getattr(importlib.import_module(f"pde.{_HOMES[name]}"), name)
