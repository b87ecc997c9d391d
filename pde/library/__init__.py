"""The solvers as a library: the same parts as the programs, bound instead of written, jitted and cached."""

from pde.library.choice import choose
from pde.library.claims import Status, default_tolerance
from pde.library.compiled import solver_function
from pde.library.solution import Outcome, solve

__all__ = ["Outcome", "Status", "choose", "default_tolerance", "solve", "solver_function"]
