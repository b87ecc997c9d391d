"""Variants: problem x scheme x spelling x solver x loop, their validity, their grids and their programs."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pde.blocks import entry
from pde.errors import UserError, check_name, check_number, check_whole, shown
from pde.family.lift import lift
from pde.parts.part import Part, part
from pde.schemes.model import Data, Model, Trait
from pde.schemes.problem import Problem
from pde.schemes.scheme import Scheme
from pde.schemes.table import SCHEMES
from pde.solvers.solver import Plan, Solver
from pde.solvers.table import SOLVERS

MOST_ELEMENTS = 2**20
MOST_UNKNOWNS = 2**26
"""Half a gigabyte an array in 64 bits, of which a solver holds about ten."""
BATCH = 4
OPERATOR_USES = ("residual", "relative_residual", "energy")
GRADIENT_USES = ("gradient", "value_and_gradient", "adjoint")
USES = ("solve", *OPERATOR_USES, *GRADIENT_USES)
VECTORISATIONS = ("single", "vmap", "map", "batched")
PRECISIONS = ("single", "double")


@dataclass(frozen=True)
class Variant:
    """One combination of the axes of the family, everything but sizes, precision, use and batching."""

    problem: Problem
    scheme: str
    spelling: str
    solver: str
    loop: str

    @property
    def key(self) -> str:
        """The combination as one word, the key of the validation table."""
        p = self.problem
        return "/".join(
            (
                f"{p.dimension}d",
                p.boundary,
                p.equation,
                p.known.name,
                self.scheme,
                self.spelling,
                self.solver,
                self.loop,
            )
        )

    @property
    def tolerance(self) -> float:
        """Relative residual that leaves the discretisation error visible."""
        return 1e-10 if SCHEMES[self.scheme].order == 2 and not self.problem.inhomogeneous else 1e-12

    def model(self, n: int) -> Model:
        """The discrete model with n unknowns along the first axis."""
        scheme = SCHEMES[self.scheme]
        return scheme.build(scheme, self.problem, self.spelling, n)


def has_spelling(scheme: Scheme, problem: Problem, spelling: str) -> bool:
    """Whether the operator of the problem exists in the spelling."""
    return spelling in scheme.spellings and scheme.spelled(problem, spelling)


def spellings(scheme: Scheme, problem: Problem) -> tuple[str, ...]:
    """The spellings of the scheme's operator for the problem."""
    return tuple(s for s in scheme.spellings if has_spelling(scheme, problem, s))


def missing(solver: Solver, model: Model) -> tuple[Trait, ...]:
    """The traits that the solver needs and the operator has not: none means that the two fit."""
    return tuple(t for t in Trait if t in solver.needs - model.traits)


def _check_names(variant: Any) -> None:
    if not isinstance(variant, Variant) or not isinstance(getattr(variant, "problem", None), Problem):
        raise UserError(f"{shown(variant)} is no variant of a problem: make one with pde.Variant(problem, ...)")
    check_name("scheme", variant.scheme, SCHEMES)
    check_name("solver", variant.solver, SOLVERS)
    for what in ("spelling", "loop"):
        if not isinstance(name := getattr(variant, what), str):
            raise UserError(f"{what} {shown(name)} is no text: give a str")


def check(variant: Variant) -> None:
    """Raises UserError, in one sentence, where the combination is not valid."""
    _check_names(variant)
    scheme, solver, problem = SCHEMES[variant.scheme], SOLVERS[variant.solver], variant.problem
    if not scheme.fits(problem):
        fitting = [s.name for s in SCHEMES.values() if s.fits(problem)]
        raise UserError(
            f"scheme {scheme.name!r} cannot express {problem.equation} with {problem.boundary} boundary and "
            f"solution {problem.known.name!r} in {problem.dimension}D: choose one of "
            f"{', '.join(fitting) or 'no scheme at all'}"
        )
    if variant.spelling not in spellings(scheme, problem):
        raise UserError(
            f"spelling {variant.spelling!r} does not exist for {scheme.name} in {problem.dimension}D: "
            f"choose one of {', '.join(spellings(scheme, problem))}"
        )
    if variant.loop not in solver.loops:
        raise UserError(f"solver {solver.name} has no loop {variant.loop!r}: choose one of {', '.join(solver.loops)}")
    if problem.dimension not in solver.dimensions:
        raise UserError(
            f"solver {solver.name} is not made for dimension {problem.dimension}: choose one of "
            f"{', '.join(map(str, solver.dimensions))}, or another solver"
        )
    if absent := missing(solver, variant.model(_smallest(variant))):
        raise UserError(
            f"solver {solver.name} does not fit {problem.equation} with {problem.boundary} boundary in "
            f"scheme {scheme.name}: it needs {absent[0].value}; choose one of "
            f"{', '.join(fitting_solvers(variant))}"
        )


_check_once = functools.lru_cache(maxsize=2**12)(check)
"""A family draws the same variants again and again."""


def _smallest(variant: Variant) -> int:
    """A size that every stencil and hierarchy takes."""
    return 8 if _cells(variant) else 7


def fitting_solvers(variant: Variant) -> list[str]:
    """Names of the solvers that take the variant's model."""
    model = variant.model(_smallest(variant))
    return [s.name for s in SOLVERS.values() if variant.problem.dimension in s.dimensions and not missing(s, model)]


# Grids.


def _cells(variant: Variant) -> bool:
    return SCHEMES[variant.scheme].grid == "cell" or variant.problem.boundary in ("periodic", "channel")


def is_dense(variant: Variant) -> bool:
    """Whether the program holds a matrix over all unknowns."""
    return variant.spelling == "kron" or SOLVERS[variant.solver].speed == "dense"


_LADDERS: dict[tuple[int, str], tuple[tuple[int, int, int], ...]] = {
    (1, "slow"): ((16, 24, 32),),
    (1, "medium"): ((16, 32, 64),),
    (1, "hierarchy"): ((16, 32, 64),),
    (1, "fast"): ((32, 64, 128),),
    (1, "dense"): ((32, 64, 128),),
    (2, "slow"): ((12, 16, 24),),
    (2, "medium"): ((16, 24, 32),),
    (2, "hierarchy"): ((8, 16, 32),),
    (2, "fast"): ((16, 32, 64),),
    (2, "dense"): ((12, 16, 24), (16, 24, 32)),
    (2, "dense hierarchy"): ((8, 16, 32),),
    (3, "slow"): ((8, 12, 16),),
    (3, "medium"): ((8, 12, 16), (12, 16, 24)),
    (3, "hierarchy"): ((4, 8, 16), (8, 16, 32)),
    (3, "fast"): ((8, 12, 16), (12, 16, 24)),
    (3, "dense"): ((6, 8, 10), (5, 7, 9)),
}
"""Numbers of intervals along the first axis that solvers of a kind afford, by dimension: the cheapest first."""


def intervals(variant: Variant) -> tuple[int, ...]:
    """Numbers of intervals along the first axis at which the variant is validated: small, to compile fast.

    None where all that it affords are too coarse for the solution's errors to fall at their order.
    """
    d, scheme = variant.problem.dimension, SCHEMES[variant.scheme]
    if scheme.grid == "chebyshev":
        return (6, 12, 24) if d == 1 else (6, 10, 20)
    if variant.scheme in ("fourier", "sine", "cosine"):
        return (8, 16, 32) if d < 3 else (8, 12, 24)
    ladders = _LADDERS.get((d, _kind(variant)), ())
    return next((counts for counts in ladders if _resolved(variant, counts) and _held(variant, counts)), ())


def _kind(variant: Variant) -> str:
    solver = SOLVERS[variant.solver]
    if not is_dense(variant):
        return "hierarchy" if solver.hierarchy else solver.speed
    if solver.speed == "slow" and variant.problem.dimension > 1:
        return "nothing"  # a dense matrix a sweep, and too many sweeps
    return "dense hierarchy" if solver.hierarchy and variant.problem.dimension > 1 else "dense"


def _resolved(variant: Variant, counts: tuple[int, ...]) -> bool:
    """Whether the order shows: between two grids it is about that of their geometric mean."""
    wanted = SCHEMES[variant.scheme].coarseness * variant.problem.known.resolution
    return (counts[-2] * counts[-1]) ** 0.5 >= wanted


def _held(variant: Variant, counts: tuple[int, ...]) -> bool:
    """Whether a dense matrix keeps the bound of memory."""
    size = unknowns(variant, counts[-1]) ** variant.problem.dimension
    return not is_dense(variant) or size**2 <= MOST_ELEMENTS


def unknowns(variant: Variant, count: int) -> int:
    """Unknowns along the first axis for a number of intervals."""
    if _cells(variant):
        return count
    return count + 1 if variant.problem.boundary == "neumann" else count - 1


def grids(variant: Variant) -> tuple[int, ...]:
    """Numbers of unknowns along the first axis at which the variant is validated."""
    return tuple(unknowns(variant, count) for count in intervals(variant))


def check_tolerance(given: Any) -> float | None:
    """The relative residual that was asked for, None for the default. Raises UserError where it is not in (0, 1)."""
    if given is None:
        return None
    cure = "take 1e-5 in 32 bits, 1e-10 in 64"
    tolerance = check_number("tolerance", given, cure)
    if not 0 < tolerance < 1:
        raise UserError(f"tolerance = {shown(given)} is not between 0 and 1: {cure}")
    return tolerance


def check_size(variant: Variant, n: int) -> None:
    """Raises UserError where n does not suit the variant's stencil, hierarchy or memory."""
    solver, d = SOLVERS[variant.solver], variant.problem.dimension
    n = check_whole("n", n)
    least = 6 if variant.scheme in ("wide", "wide_ends") else 3
    if n < least:
        raise UserError(f"n = {n} is too small for the stencil of {variant.scheme}: take n >= {least}")
    if n**d > MOST_UNKNOWNS:
        raise UserError(
            f"n = {n} gives {n**d:,} unknowns in {d}D, more than the {MOST_UNKNOWNS:,} that memory "
            f"is kept for: take n <= {int((MOST_UNKNOWNS + 0.5) ** (1 / d))}"
        )
    intervals_ = n if _cells(variant) else n + 1
    if solver.hierarchy and intervals_ & (intervals_ - 1):
        form, near = (
            ("2**k", 2 ** round(np.log2(n))) if _cells(variant) else ("2**k - 1", 2 ** round(np.log2(n + 1)) - 1)
        )
        raise UserError(f"n = {n} is not {form}, which {solver.name} needs to halve its grids: take n = {near}")
    if solver.odd and n % 2 == 0:
        raise UserError(f"n = {n} is even, but {solver.name} needs an odd n: take n = {n + 1}")
    if variant.problem.boundary == "periodic" and n % 2:
        raise UserError(f"n = {n} is odd, but a period is coloured and transformed in pairs: take n = {n + 1}")
    if is_dense(variant) and (size := n**d) ** 2 > MOST_ELEMENTS:
        raise UserError(
            f"n = {n} gives a dense matrix of {size} x {size} for {variant.solver}: take n <= "
            f"{int(MOST_ELEMENTS ** (0.5 / d))}, or a solver without a dense matrix"
        )


# Programs.


@dataclass(frozen=True)
class Program:
    """A program as it is written: module text, name of its entry, its array arguments."""

    source: str
    entry: str
    inputs: tuple[Data, ...]


def solver_part(variant: Variant, model: Model, tolerance: float | None = None) -> Part:
    """The solver of the discrete system, without boundary data."""
    plan = Plan(variant.loop, tolerance or variant.tolerance)
    return SOLVERS[variant.solver].build(model, plan)


def returns_record(variant: Variant) -> bool:
    """Whether the program returns the solution and a count or norms."""
    return variant.loop in ("while", "recorded")


def assemble(
    variant: Variant,
    n: int,
    use: str = "solve",
    vectorisation: str = "single",
    tolerance: float | None = None,
    precision: str = "single",
) -> Program:
    """The program of a variant at a size, for a use and a way to treat several right-hand sides.

    In single precision it computes in that of its arguments; in double in 64 bits, also where JAX is set to 32.
    Raises UserError for an invalid combination or size.
    """
    from pde.parts.writing import render  # the library's own functions run without libcst and black

    _check_names(variant)
    _check_once(variant)
    check_size(variant, n)
    check_name("use", use, USES)
    check_name("vectorisation", vectorisation, VECTORISATIONS)
    check_name("precision", precision, PRECISIONS)
    tolerance = check_tolerance(tolerance)
    model = variant.model(n)
    root, name, inputs = _use(variant, model, use, tolerance)
    if vectorisation != "single":
        root, inputs = _batch(root, inputs, vectorisation)
    if precision == "double":
        root = _double(variant, root, use)
    return Program(render(root, name), name, inputs)


def whole(variant: Variant, model: Model, tolerance: float | None = None) -> Part:
    """The solver with the assembly of its right-hand side."""
    return model.wrap(solver_part(variant, model, tolerance), returns_record(variant))


def _use(variant: Variant, model: Model, use: str, tolerance: float | None) -> tuple[Part, str, tuple[Data, ...]]:
    field = Data("u", model.shape, lambda: model.problem.sample(model.points)[0])
    source = Data("f", model.shape, lambda: model.problem.sample(model.points)[1])
    if use == "solve":
        return whole(variant, model, tolerance), "solve", model.data
    if use in OPERATOR_USES:
        block: Callable[..., object] = getattr(entry, use)
        return part(block, apply_operator=model.apply), use, (field, source)
    target = Data("target", model.shape, lambda: np.zeros(model.shape))
    inner = differentiable_part(variant, model, tolerance)
    block = {"gradient": entry.misfit_gradient, "value_and_gradient": entry.misfit_value_and_gradient}.get(
        use, entry.adjoint_gradient
    )
    return part(block, solve_system=inner), use, (source, target)


def differentiable_part(variant: Variant, model: Model, tolerance: float | None = None) -> Part:
    """The solver of the discrete system as a function that reverse differentiation can pass.

    A while loop has no reverse rule, so its solution is given the derivative of the linear system, which
    needs a symmetric regular operator; JAX's own solvers bring that along, loops of fixed length and direct solvers
    are differentiated as they are.
    """
    inner = solver_part(variant, model, tolerance)
    if returns_record(variant):
        inner = part(entry.first_of_pair, solve_and_count=inner)
    if variant.loop == "while":
        inner = part(entry.implicit_solve, apply_operator=model.apply, solve_forward=inner)
    return inner


def differentiable(variant: Variant, model: Model) -> bool:
    """Whether the gradient through the variant exists and equals the adjoint solution."""
    if model.problem.singular or Trait.SYMMETRIC not in model.traits:
        return False
    if SOLVERS[variant.solver].erratic and variant.loop != "while":
        return False
    return variant.loop != "unrolled"


def has_batched(variant: Variant, model: Model) -> bool:
    """Whether the variant's program exists in a form that is written for a batch."""
    return len(model.data) == 1 and lift(whole(variant, model)) is not None


def has_double(variant: Variant, use: str) -> bool:
    """Whether the program has a form that computes in 64 bits: of one array, or of two that are no boundary data."""
    if use == "solve":
        return not variant.problem.inhomogeneous and variant.loop != "recorded"
    return use != "value_and_gradient"


def _double(variant: Variant, root: Part, use: str) -> Part:
    if not has_double(variant, use):
        raise UserError(f"{use} with {variant.key} is not written for 64 bits: take precision single")
    if use == "solve":
        return part(entry.solve_in_double_recorded if returns_record(variant) else entry.solve_in_double, compute=root)
    block = entry.operator_in_double if use in OPERATOR_USES else entry.gradient_in_double
    return part(block, compute=root)


def _batch(root: Part, inputs: tuple[Data, ...], vectorisation: str) -> tuple[Part, tuple[Data, ...]]:
    if len(inputs) != 1:
        raise UserError(f"a program of {len(inputs)} arguments is not batched: take vectorisation single")
    first = inputs[0]
    data = Data(first.name, (BATCH, *first.shape), lambda: np.stack([first.values() * (k + 1) for k in range(BATCH)]))
    if vectorisation == "batched":
        lifted = lift(root)
        if lifted is None:
            raise UserError("the solver or its operator is not written for a batch: take vectorisation vmap")
        return lifted, (data,)
    return part(entry.batched if vectorisation == "vmap" else entry.mapped, solve_one=root), (data,)
