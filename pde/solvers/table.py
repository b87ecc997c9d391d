"""The solvers: what each needs of an operator, its loops, how it is built, what theory grants it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from pde.blocks import direct, transforms
from pde.parts.part import Part
from pde.schemes.model import Model, Trait
from pde.solvers import rates
from pde.solvers.cycles import CYCLE_RATE, build_full, build_multigrid, build_parity
from pde.solvers.direct import (
    build_alternating,
    build_cyclic,
    build_dense,
    build_diagonalised,
    build_fourier,
    build_half_diagonalised,
    build_sine_tridiagonal,
    build_transform,
    build_tridiagonal,
)
from pde.solvers.krylov import (
    build_arnoldi,
    build_chebyshev,
    build_conjugate,
    build_descent,
    build_library,
    build_minimal,
    build_preconditioned,
    build_stabilised,
    preconditioned_count,
)
from pde.solvers.sweeps import (
    Plan,
    build_damped,
    build_jacobi,
    build_lexicographic,
    build_overrelaxed,
    build_red_black,
    build_symmetric,
    damping,
)

T = Trait
LOOPS = ("fori", "scan", "recorded", "while")
SHORT_LOOPS = (*LOOPS, "unrolled")
DIRECT = ("direct",)
LIBRARY = ("library",)


@dataclass(frozen=True)
class Solver:
    """One solver. `needs` is its type: it takes every model that has these traits, in its dimensions."""

    name: str
    needs: frozenset[Trait]
    loops: tuple[str, ...]
    build: Callable[[Model, Plan], Part]
    bound: Callable[[Model, float], int] = lambda model, tolerance: 0
    dimensions: tuple[int, ...] = (1, 2, 3)
    speed: str = "medium"
    """slow: sweeps grow as n**2; medium: as n; dense: a matrix over all unknowns; fast: the rest."""
    hierarchy: bool = False
    """Whether the number of unknowns must halve down to a few."""
    odd: bool = False
    """Whether the number of unknowns must be odd."""
    spelled: bool = True
    """Whether the operator's spelling enters the program."""
    erratic: bool = False
    """Whether its residuals jump, and the derivatives of its loop with them, which in 32 bits leaves these wrong."""


def _needs(*traits: Trait) -> frozenset[Trait]:
    return frozenset(traits)


# The table.

_RELAXED = (T.BOUNDED, T.DIAGONAL, T.SEMIDEFINITE, T.EXPLICIT)
_SPD = (T.SYMMETRIC, T.SEMIDEFINITE, T.BOUNDED, T.EXPLICIT)
_GRIDS = (T.NESTED, T.ISOTROPIC, T.DIAGONAL, T.BOUNDED, T.SEMIDEFINITE)


Build = Callable[[Model, Plan], Part]
Bound = Callable[[Model, float], int]


def _relaxations() -> list[Solver]:
    relaxed, regular, colours = _needs(*_RELAXED), _needs(T.REGULAR), _needs(T.BIPARTITE)
    coloured, lexicographic = relaxed | colours | regular, _needs(T.CONSTANT_INTERIOR)
    slow, lines = "slow", (1, 2)

    def damped_bound(model: Model, tolerance: float) -> int:
        return rates.damped_jacobi(model, tolerance, damping(model))

    return [
        Solver("jacobi", relaxed | regular | _needs(T.DOMINANT), LOOPS, build_jacobi, rates.jacobi, speed=slow),
        Solver("damped_jacobi", relaxed, LOOPS, build_damped, damped_bound, speed=slow),
        Solver("gauss_seidel", lexicographic, LOOPS, _lexicographic(False), rates.gauss_seidel, lines, slow),
        Solver("sor_lexicographic", lexicographic, LOOPS, _lexicographic(True), rates.overrelaxation, lines, slow),
        Solver("red_black", coloured, LOOPS, build_red_black, rates.gauss_seidel, speed=slow),
        Solver("sor", coloured, LOOPS, build_overrelaxed, rates.overrelaxation),
        Solver("ssor", coloured, LOOPS, build_symmetric, rates.gauss_seidel, speed=slow),
    ]


def _lexicographic(relaxed: bool) -> Build:
    return lambda model, plan: build_lexicographic(model, plan, relaxed)


def _krylov() -> list[Solver]:
    spd, any_ = _needs(*_SPD), _needs(T.EXPLICIT, T.REGULAR, T.MODERATE)
    diagonal, grids = spd | _needs(T.DIAGONAL), spd | _needs(*_GRIDS, T.GALERKIN)
    short = ("fori", "scan", "while")
    return [
        Solver("chebyshev_iteration", spd, LOOPS, build_chebyshev, rates.chebyshev),
        Solver("steepest_descent", spd, LOOPS, build_descent, rates.descent, speed="slow"),
        Solver("cg", spd, LOOPS, build_conjugate, rates.conjugate),
        _preconditioned("jacobi", diagonal, LOOPS),
        _preconditioned("ssor", diagonal | _needs(T.BIPARTITE), LOOPS),
        replace(_preconditioned("multigrid", grids, SHORT_LOOPS), speed="fast", hierarchy=True),
        Solver("minres", spd, LOOPS, build_minimal, rates.chebyshev),
        Solver("bicgstab", any_, LOOPS, build_stabilised, rates.stabilised, erratic=True),
        Solver("gmres", any_, short, build_arnoldi, rates.restarts),
        _from_library("cg", spd, rates.conjugate),
        _from_library("pcg", diagonal, rates.conjugate),
        _from_library("bicgstab", any_, rates.stabilised),
        _from_library("gmres", any_, rates.restarts),
    ]


def _preconditioned(kind: str, needs: frozenset[Trait], loops: tuple[str, ...]) -> Solver:
    def bound(model: Model, tolerance: float) -> int:
        return preconditioned_count(model, Plan("", tolerance), kind)

    return Solver(f"pcg_{kind}", needs, loops, lambda model, plan: build_preconditioned(model, plan, kind), bound)


def _from_library(name: str, needs: frozenset[Trait], bound: Bound) -> Solver:
    return Solver(f"library_{name}", needs, LIBRARY, lambda model, plan: build_library(model, plan, name), bound)


def _cycles() -> list[Solver]:
    cycles = [_cycle(shape, smoother) for smoother in ("damped", "red_black") for shape in ("v", "w", "f", "full")]
    return [*cycles, _parity_cycle()]


def _parity_cycle() -> Solver:
    def bound(model: Model, tolerance: float) -> int:
        return rates.cycles(tolerance, CYCLE_RATE["red_black"])

    cycle = Solver("multigrid_v_parity", _needs(*_GRIDS, T.CONSTANT_INTERIOR), SHORT_LOOPS, build_parity, bound)
    return replace(cycle, dimensions=(2,), speed="fast", hierarchy=True)


def _cycle(shape: str, smoother: str) -> Solver:
    def build(model: Model, plan: Plan) -> Part:
        full = shape == "full"
        return build_full(model, plan, smoother) if full else build_multigrid(model, plan, shape, smoother)

    def bound(model: Model, tolerance: float) -> int:
        return rates.cycles(tolerance, CYCLE_RATE[smoother])

    name = f"full_multigrid_{smoother}" if shape == "full" else f"multigrid_{shape}_{smoother}"
    needs = _needs(*_GRIDS) | (_needs(T.BIPARTITE) if smoother == "red_black" else _needs())
    loops = SHORT_LOOPS if shape == "v" else LOOPS
    return Solver(name, needs, loops, build, bound, speed="fast", hierarchy=True)


def _dense_solvers() -> list[Solver]:
    explicit = _needs(T.EXPLICIT)
    definite = explicit | _needs(T.SYMMETRIC, T.SEMIDEFINITE)
    return [
        _dense("lu", explicit, direct.solve_lu, "axis"),
        _dense("dense", explicit, direct.solve_dense, "jacobian"),
        _dense("inverse", explicit, direct.solve_inverse, "columns"),
        _dense("cholesky", definite, direct.solve_cholesky, "axis"),
        # XLA's CPU backend refuses the layout that its transposed columns give to a Fourier transform.
        _dense("triangles", definite | _needs(T.LOCAL), direct.solve_triangles, "jacobian"),
    ]


def _dense(name: str, needs: frozenset[Trait], block: Callable[..., object], source: str) -> Solver:
    return Solver(name, needs, DIRECT, lambda model, plan: build_dense(model, block, source), speed="dense")


def _line_solvers() -> list[Solver]:
    lines = _needs(T.TRIDIAGONAL, T.REGULAR)
    cyclic = lines | _needs(T.GALERKIN)
    return [
        Solver("thomas", lines, DIRECT, _tridiagonal(direct.solve_thomas), dimensions=(1,), speed="fast"),
        Solver(
            "tridiagonal_solve",
            lines,
            DIRECT,
            _tridiagonal(direct.solve_tridiagonal),
            dimensions=(1,),
            speed="fast",
        ),
        Solver("cyclic_reduction", cyclic, DIRECT, build_cyclic, dimensions=(1,), speed="fast", hierarchy=True),
    ]


def _tridiagonal(block: Callable[..., object]) -> Build:
    return lambda model, plan: build_tridiagonal(model, block)


def _axis_solvers() -> list[Solver]:
    """Solvers that see the axes alone: the spelling of the operator does not enter them."""
    sums = _needs(T.SEPARABLE, T.SYMMETRIC)
    plain = sums | _needs(T.REGULAR, T.UNSHIFTED)
    return [
        _unspelled("fast_diagonalisation", sums, build_diagonalised),
        _unspelled("half_diagonalisation", plain, build_half_diagonalised, (2,)),
        _transform("sine_extension", T.SINE, transforms.sine_by_extension),
        _transform("sine_zeros", T.SINE, transforms.sine_by_zeros),
        replace(_transform("sine_halves", T.SINE, transforms.sine_by_halves), odd=True),
        _transform("sine_matrix", T.SINE, transforms.sine_by_matrix),
        _transform(
            "cosine_extension",
            T.COSINE,
            transforms.cosine_by_extension,
            transforms.inverse_cosine_by_extension,
        ),
        _transform("cosine_matrix", T.COSINE, transforms.cosine_by_matrix, transforms.inverse_cosine_by_matrix),
        replace(
            _unspelled("sine_tridiagonal", _needs(T.CONSTANT_INTERIOR), build_sine_tridiagonal, (2,)),
            odd=True,
        ),
        _unspelled("fourier", _needs(T.FOURIER), lambda model, plan: build_fourier(model, False)),
        _unspelled("real_fourier", _needs(T.FOURIER), lambda model, plan: build_fourier(model, True)),
        *(_directions(kind, plain | _needs(T.BOUNDED)) for kind in ("dense", "eigen")),
        _directions("tridiagonal", plain | _needs(T.BOUNDED, T.CONSTANT_INTERIOR)),
    ]


def _unspelled(name: str, needs: frozenset[Trait], build: Build, dimensions: tuple[int, ...] = (1, 2, 3)) -> Solver:
    return Solver(name, needs, DIRECT, build, dimensions=dimensions, speed="fast", spelled=False)


def _transform(
    name: str, trait: Trait, forward: Callable[..., object], inverse: Callable[..., object] | None = None
) -> Solver:
    return _unspelled(name, _needs(trait), lambda model, plan: build_transform(model, forward, inverse))


def _directions(kind: str, needs: frozenset[Trait]) -> Solver:
    loops = ("fori", "scan", "while")
    build: Build = lambda model, plan: build_alternating(model, plan, kind)  # noqa: E731
    return Solver(f"adi_{kind}", needs, loops, build, dimensions=(2,), spelled=False)


SOLVERS = {
    solver.name: solver
    for family in (_relaxations(), _krylov(), _cycles(), _dense_solvers(), _line_solvers(), _axis_solvers())
    for solver in family
}
