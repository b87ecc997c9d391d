"""The solvers: what each needs of an operator, with which loops it comes, how it is built, what theory grants it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from pde import adi, direct, krylov, matrices, multigrid, rates, relaxation, transforms
from pde.block import Part, part
from pde.model import Model, Trait

T = Trait
LOOPS = ("fori", "scan", "recorded", "while")
SHORT_LOOPS = (*LOOPS, "unrolled")
DIRECT = ("direct",)
LIBRARY = ("library",)
MOST_UNROLLED = 8
_RATIO = part(krylov.quotient)
_AXES = ("x_matrix", "y_matrix", "z_matrix")


@dataclass(frozen=True)
class Plan:
    """How a solver is to be run: its loop and its relative residual."""

    loop: str
    tolerance: float


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
    """slow: sweeps grow as n**2; medium: steps grow as n; dense: a matrix over all unknowns; fast: the rest."""
    hierarchy: bool = False
    """Whether the number of unknowns must halve down to a few."""
    odd: bool = False
    """Whether the number of unknowns must be odd."""
    spelled: bool = True
    """Whether the operator's spelling enters the program."""


def _needs(*traits: Trait) -> frozenset[Trait]:
    return frozenset(traits)


# Sweeps and cycles in a loop.


def _repeat(model: Model, plan: Plan, sweep: Part, count: int) -> Part:
    block = getattr(relaxation, f"repeat_{plan.loop}")
    if plan.loop == "while":
        return part(block, sweep=sweep, apply_operator=model.apply, tolerance=plan.tolerance, limit=count)
    extra = {"apply_operator": model.apply} if plan.loop == "recorded" else {}
    count = min(count, MOST_UNROLLED) if plan.loop == "unrolled" else count
    return part(block, sweep=sweep, iterations=count, **extra)


def _relaxation(model: Model) -> dict[str, Part]:
    assert model.diagonal is not None
    return {"apply_operator": model.apply, "diagonal": model.diagonal}


def _red(model: Model) -> Part:
    return part(getattr(relaxation, f"checkerboard_{model.problem.dimension}d"))


def _damping(model: Model) -> float:
    """The smoothing damping of textbooks: 2/3, 4/5, 6/7 in one, two, three dimensions."""
    return (0.67, 0.8, 0.86)[model.problem.dimension - 1]


def _jacobi(model: Model, plan: Plan) -> Part:
    sweep = part(relaxation.jacobi_sweep, **_relaxation(model))
    return _repeat(model, plan, sweep, rates.jacobi(model, plan.tolerance))


def _damped(model: Model, plan: Plan) -> Part:
    return _repeat(
        model, plan, _damped_sweep(model), rates.damped_jacobi(model, plan.tolerance, _damping(model))
    )


def _damped_sweep(model: Model) -> Part:
    return part(relaxation.damped_sweep, **_relaxation(model), damping=_damping(model))


def _red_black_sweep(model: Model) -> Part:
    return part(relaxation.red_black_sweep, **_relaxation(model), red=_red(model))


def _red_black(model: Model, plan: Plan) -> Part:
    return _repeat(model, plan, _red_black_sweep(model), rates.gauss_seidel(model, plan.tolerance))


def _overrelaxed(model: Model, plan: Plan) -> Part:
    omega = round(rates.best_relaxation(model), 6)
    sweep = part(relaxation.overrelaxed_sweep, **_relaxation(model), red=_red(model), relaxation=omega)
    return _repeat(model, plan, sweep, rates.overrelaxation(model, plan.tolerance))


def _symmetric_sweep(model: Model) -> Part:
    return part(relaxation.symmetric_sweep, **_relaxation(model), red=_red(model), relaxation=1.0)


def _symmetric(model: Model, plan: Plan) -> Part:
    return _repeat(model, plan, _symmetric_sweep(model), rates.gauss_seidel(model, plan.tolerance))


def _lexicographic(model: Model, plan: Plan, relaxed: bool) -> Part:
    omega = round(rates.best_relaxation(model), 6) if relaxed else 1.0
    block = getattr(relaxation, f"lexicographic_sweep_{model.problem.dimension}d")
    count = (rates.overrelaxation if relaxed else rates.gauss_seidel)(model, plan.tolerance)
    return _repeat(model, plan, part(block, spacing=model.spacing, relaxation=omega), count)


# Krylov methods and Chebyshev's iteration.


def _advance(plan: Plan, start: Part, step: Part, count: int) -> Part:
    block = getattr(krylov, f"advance_{plan.loop}")
    if plan.loop == "while":
        return part(block, start=start, step=step, tolerance=plan.tolerance, limit=count)
    if plan.loop == "unrolled":
        return part(block, start=start, step=step, iterations=min(count, MOST_UNROLLED))
    return part(block, start=start, step=step, tolerance=plan.tolerance, iterations=count)


def _chebyshev(model: Model, plan: Plan) -> Part:
    low, high = (float(f"{v:.8g}") for v in model.spectrum())
    start = part(relaxation.chebyshev_start, lowest=low, highest=high)
    step = part(relaxation.chebyshev_step, apply_operator=model.apply, lowest=low, highest=high)
    return _advance(plan, start, step, rates.chebyshev(model, plan.tolerance))


def _descent(model: Model, plan: Plan) -> Part:
    step = part(krylov.descent_step, apply_operator=model.apply, ratio=_RATIO)
    return _advance(plan, part(krylov.descent_start), step, rates.descent(model, plan.tolerance))


def _conjugate(model: Model, plan: Plan) -> Part:
    step = part(krylov.conjugate_step, apply_operator=model.apply, ratio=_RATIO)
    return _advance(plan, part(krylov.conjugate_start), step, rates.conjugate(model, plan.tolerance))


def _minimal(model: Model, plan: Plan) -> Part:
    start = part(krylov.minimal_start, apply_operator=model.apply)
    step = part(krylov.minimal_step, apply_operator=model.apply, ratio=_RATIO)
    return _advance(plan, start, step, rates.chebyshev(model, plan.tolerance))


def _stabilised(model: Model, plan: Plan) -> Part:
    step = part(krylov.stabilised_step, apply_operator=model.apply, ratio=_RATIO)
    return _advance(plan, part(krylov.stabilised_start), step, rates.stabilised(model, plan.tolerance))


def _arnoldi(model: Model, plan: Plan) -> Part:
    step = part(
        krylov.arnoldi_step, apply_operator=model.apply, ratio=_RATIO, restart=rates.restart_length(model)
    )
    return _advance(plan, part(krylov.arnoldi_start), step, rates.restarts(model, plan.tolerance))


def _preconditioner(model: Model, kind: str) -> Part:
    if kind == "jacobi":
        return part(krylov.divide_by_diagonal, diagonal=model.diagonal)
    sweep = _symmetric_sweep(model) if kind == "ssor" else _cycle(model, "v", "damped")
    return part(krylov.sweep_once, sweep=sweep)


def _preconditioned_count(model: Model, plan: Plan, kind: str) -> int:
    return (
        rates.cycles(plan.tolerance, 0.35)
        if kind == "multigrid"
        else rates.preconditioned(model, plan.tolerance)
    )


def _preconditioned(model: Model, plan: Plan, kind: str) -> Part:
    precondition = _preconditioner(model, kind)
    start = part(krylov.preconditioned_start, precondition=precondition)
    step = part(
        krylov.preconditioned_step, apply_operator=model.apply, precondition=precondition, ratio=_RATIO
    )
    return _advance(plan, start, step, _preconditioned_count(model, plan, kind))


def _library(model: Model, plan: Plan, name: str) -> Part:
    bound = {"apply_operator": model.apply, "tolerance": plan.tolerance}
    if name == "gmres":
        bound["restart"] = rates.restart_length(model)
        return part(krylov.library_gmres, **bound, limit=2 * rates.restarts(model, plan.tolerance))
    if name == "preconditioned":
        bound["precondition"] = _preconditioner(model, "jacobi")
    return part(
        getattr(krylov, f"library_{name}"), **bound, limit=2 * rates.stabilised(model, plan.tolerance)
    )


# Multigrid.


def _transfers(model: Model) -> dict[str, Part]:
    d, boundary = model.problem.dimension, model.problem.boundary
    if boundary == "periodic":
        names = f"period_weight_{d}d", f"period_interpolate_{d}d"
    elif T.GALERKIN in model.traits:
        names = f"weight_{d}d", f"interpolate_{d}d"
    else:
        prolong = part(getattr(multigrid, f"cell_interpolate_{d}d"), add_ghosts=model.ghosts)
        return {"restrict": part(getattr(multigrid, f"average_{d}d")), "prolong": prolong}
    restrict, prolong = (part(getattr(multigrid, name)) for name in names)
    return {"restrict": restrict, "prolong": prolong}


def _coarsest(model: Model) -> int:
    return 3 if model.n % 2 else 2


def _smoother(model: Model, kind: str) -> Part:
    return _red_black_sweep(model) if kind == "red_black" else _damped_sweep(model)


def _cycle(model: Model, shape: str, smoother: str) -> Part:
    sweep = _smoother(model, smoother)
    smooth = part(multigrid.smooth_unrolled if shape == "v" else multigrid.smooth_fori, sweep=sweep, sweeps=2)
    coarse = part(multigrid.smooth_fori, sweep=sweep, sweeps=16)
    bound = {
        "apply_operator": model.apply,
        "smooth": smooth,
        "solve_coarse": coarse,
        "coarsest": _coarsest(model),
        **_transfers(model),
    }
    if shape == "f":
        bound["coarse_cycle"] = part(multigrid.v_cycle, **bound)
    return part(getattr(multigrid, f"{shape}_cycle"), **bound)


def _multigrid(model: Model, plan: Plan, shape: str, smoother: str) -> Part:
    cycle = _cycle(model, shape, smoother)
    return _repeat(model, plan, cycle, rates.cycles(plan.tolerance, CYCLE_RATE[smoother]))


def _full(model: Model, plan: Plan, smoother: str) -> Part:
    cycle = _cycle(model, "v", smoother)
    inner = dict(cycle.bound)
    full = part(
        multigrid.full_multigrid,
        cycle=cycle,
        solve_coarse=inner["solve_coarse"],
        coarsest=_coarsest(model),
        **_transfers(model),
    )
    sweep = part(multigrid.corrected_by, apply_operator=model.apply, solve_residual=full)
    return _repeat(model, plan, sweep, rates.cycles(plan.tolerance, CYCLE_RATE[smoother]))


CYCLE_RATE = {"red_black": 0.2, "damped": 0.25}
"""Largest factor of the residual a cycle with two sweeps on either side is granted."""


# Direct solvers.


def _dense(model: Model, block: Callable[..., object], source: str) -> Part:
    separate = len(model.matrices) == 1 and model.problem.terms.screening == 0.0
    if separate and source == "axis":
        matrix = part(direct.axis_dense, x_matrix=model.matrices[0])
    else:
        matrix = part(
            matrices.jacobian_matrix if source == "jacobian" else matrices.dense_matrix,
            apply_operator=model.apply,
        )
    if model.problem.singular:
        matrix = part(direct.pinned_matrix, plain_matrix=matrix)
    return part(block, matrix=matrix)


def _bands(model: Model) -> Part:
    block = model.apply.block.__name__
    screening = model.problem.terms.screening
    if block.startswith("shifted_pads"):
        return part(direct.plain_bands, spacing=model.spacing)
    if block.startswith(("product", "einsum")) and not screening:
        return part(direct.matrix_bands, x_matrix=model.matrices[0])
    return part(direct.probed_bands, apply_operator=model.apply)


def _tridiagonal(model: Model, block: Callable[..., object]) -> Part:
    return part(block, bands=_bands(model))


def _cyclic(model: Model, plan: Plan) -> Part:
    return part(direct.solve_cyclic, bands=_bands(model), eliminate_odd=part(direct.reduce_cyclically))


def _invert(model: Model) -> Part:
    if model.problem.singular:
        return part(direct.pseudo_reciprocal)
    screening = model.problem.terms.screening
    return part(direct.reciprocal, screening=screening) if screening else part(direct.plain_reciprocal)


def _diagonalise(model: Model, plan: Plan) -> Part:
    bound = dict(zip(_AXES, model.matrices, strict=False))
    return part(getattr(direct, f"diagonalise_{model.problem.dimension}d"), **bound, invert=_invert(model))


def _half_diagonalise(model: Model, plan: Plan) -> Part:
    return part(direct.half_diagonalised, x_matrix=model.matrices[0], y_matrix=model.matrices[1])


def _transform(model: Model, forward: Callable[..., object], inverse: Callable[..., object] | None) -> Part:
    transform = part(forward)
    back = part(inverse) if inverse else part(transforms.scaled_inverse, transform=transform)
    block = getattr(transforms, f"transform_{model.problem.dimension}d")
    return part(block, transform=transform, inverse=back, eigenvalues=model.symbol, invert=_invert(model))


def _fourier(model: Model, real: bool) -> Part:
    block = getattr(transforms, f"{'real_' if real else ''}fourier_{model.problem.dimension}d")
    return part(block, eigenvalues=model.symbol, invert=_invert(model))


def _sine_tridiagonal(model: Model, plan: Plan) -> Part:
    transform = part(transforms.sine_by_halves)
    return part(
        transforms.transform_and_thomas,
        transform=transform,
        inverse=part(transforms.scaled_inverse, transform=transform),
        eigenvalues=model.symbol,
        solve_lines=part(transforms.mode_lines, spacing=model.spacing),
    )


# Alternating directions.

ADI_CYCLES = 9


def _axis_spectrum(model: Model) -> tuple[float, float, int]:
    """Bounds of the axes' spectra, and how many shifts put neighbours a factor of four apart."""
    low, high = model.spectrum()
    low = low / 4.0
    return float(f"{low:.6g}"), float(f"{high:.6g}"), max(2, math.ceil(math.log(high / low, 4.0)))


def _alternating(model: Model, plan: Plan, kind: str) -> Part:
    low, high, count = _axis_spectrum(model)
    shifts = part(adi.geometric_shifts, lowest=low, highest=high, count=count)
    axes = {"x_matrix": model.matrices[0], "y_matrix": model.matrices[1]}
    bound = {"spacing": model.spacing} if kind == "tridiagonal" else axes
    alternate = part(getattr(adi, f"{kind}_step"), **bound)
    if plan.loop == "while":
        return part(
            adi.cycle_while,
            alternate=alternate,
            apply_operator=model.apply,
            shifts=shifts,
            tolerance=plan.tolerance,
            limit=ADI_CYCLES * count,
        )
    return part(getattr(adi, f"cycle_{plan.loop}"), alternate=alternate, shifts=shifts, cycles=ADI_CYCLES)


# The table.

_RELAXED = (T.BOUNDED, T.DIAGONAL, T.SEMIDEFINITE, T.EXPLICIT)
_SPD = (T.SYMMETRIC, T.SEMIDEFINITE, T.BOUNDED, T.EXPLICIT)
_GRIDS = (T.NESTED, T.ISOTROPIC, T.DIAGONAL, T.BOUNDED, T.SEMIDEFINITE)
_LINES = (T.TRIDIAGONAL, T.REGULAR)


def _conjugate_bound(kind: str) -> Callable[[Model, float], int]:
    return lambda model, tolerance: _preconditioned_count(model, Plan("", tolerance), kind)


def _cycle_bound(smoother: str) -> Callable[[Model, float], int]:
    return lambda model, tolerance: rates.cycles(tolerance, CYCLE_RATE[smoother])


def _table() -> list[Solver]:
    relaxed, spd, grids, lines = (_needs(*t) for t in (_RELAXED, _SPD, _GRIDS, _LINES))
    regular, colours = _needs(T.REGULAR), _needs(T.BIPARTITE)
    return [
        Solver("jacobi", relaxed | regular, LOOPS, _jacobi, rates.jacobi, speed="slow"),
        Solver(
            "damped_jacobi",
            relaxed,
            LOOPS,
            _damped,
            lambda m, t: rates.damped_jacobi(m, t, _damping(m)),
            speed="slow",
        ),
        Solver(
            "gauss_seidel",
            _needs(T.CONSTANT_INTERIOR),
            LOOPS,
            lambda m, p: _lexicographic(m, p, False),
            rates.gauss_seidel,
            (1, 2),
            "slow",
        ),
        Solver(
            "sor_lexicographic",
            _needs(T.CONSTANT_INTERIOR),
            LOOPS,
            lambda m, p: _lexicographic(m, p, True),
            rates.overrelaxation,
            (1, 2),
            "slow",
        ),
        Solver("red_black", relaxed | colours | regular, LOOPS, _red_black, rates.gauss_seidel, speed="slow"),
        Solver("sor", relaxed | colours | regular, LOOPS, _overrelaxed, rates.overrelaxation),
        Solver("ssor", relaxed | colours | regular, LOOPS, _symmetric, rates.gauss_seidel, speed="slow"),
        Solver("chebyshev_iteration", spd, LOOPS, _chebyshev, rates.chebyshev),
        Solver("steepest_descent", spd, LOOPS, _descent, rates.descent, speed="slow"),
        Solver("cg", spd, LOOPS, _conjugate, rates.conjugate),
        Solver(
            "pcg_jacobi",
            spd | _needs(T.DIAGONAL),
            LOOPS,
            lambda m, p: _preconditioned(m, p, "jacobi"),
            _conjugate_bound("jacobi"),
        ),
        Solver(
            "pcg_ssor",
            spd | _needs(T.DIAGONAL) | colours,
            LOOPS,
            lambda m, p: _preconditioned(m, p, "ssor"),
            _conjugate_bound("ssor"),
        ),
        Solver(
            "pcg_multigrid",
            spd | grids | _needs(T.GALERKIN),
            SHORT_LOOPS,
            lambda m, p: _preconditioned(m, p, "multigrid"),
            _conjugate_bound("multigrid"),
            speed="fast",
            hierarchy=True,
        ),
        Solver("minres", spd, LOOPS, _minimal, rates.chebyshev),
        Solver("bicgstab", _needs(T.EXPLICIT, T.REGULAR, T.MODERATE), LOOPS, _stabilised, rates.stabilised),
        Solver(
            "gmres",
            _needs(T.EXPLICIT, T.REGULAR, T.MODERATE),
            ("fori", "scan", "while"),
            _arnoldi,
            rates.restarts,
        ),
        Solver("library_cg", spd, LIBRARY, lambda m, p: _library(m, p, "cg"), rates.conjugate),
        Solver(
            "library_pcg",
            spd | _needs(T.DIAGONAL),
            LIBRARY,
            lambda m, p: _library(m, p, "preconditioned"),
            rates.conjugate,
        ),
        Solver(
            "library_bicgstab",
            _needs(T.EXPLICIT, T.REGULAR, T.MODERATE),
            LIBRARY,
            lambda m, p: _library(m, p, "bicgstab"),
            rates.stabilised,
        ),
        Solver(
            "library_gmres",
            _needs(T.EXPLICIT, T.REGULAR, T.MODERATE),
            LIBRARY,
            lambda m, p: _library(m, p, "gmres"),
            rates.restarts,
        ),
        *_multigrid_table(grids, colours),
        Solver(
            "lu", _needs(T.EXPLICIT), DIRECT, lambda m, p: _dense(m, direct.solve_lu, "axis"), speed="dense"
        ),
        Solver(
            "dense",
            _needs(T.EXPLICIT),
            DIRECT,
            lambda m, p: _dense(m, direct.solve_dense, "jacobian"),
            speed="dense",
        ),
        Solver(
            "inverse",
            _needs(T.EXPLICIT),
            DIRECT,
            lambda m, p: _dense(m, direct.solve_inverse, "columns"),
            speed="dense",
        ),
        Solver(
            "cholesky",
            _needs(T.EXPLICIT, T.SYMMETRIC, T.SEMIDEFINITE),
            DIRECT,
            lambda m, p: _dense(m, direct.solve_cholesky, "axis"),
            speed="dense",
        ),
        Solver(
            "triangles",
            _needs(T.EXPLICIT, T.SYMMETRIC, T.SEMIDEFINITE),
            DIRECT,
            lambda m, p: _dense(m, direct.solve_triangles, "jacobian"),
            speed="dense",
        ),
        Solver(
            "thomas",
            lines,
            DIRECT,
            lambda m, p: _tridiagonal(m, direct.solve_thomas),
            dimensions=(1,),
            speed="fast",
        ),
        Solver(
            "tridiagonal_solve",
            lines,
            DIRECT,
            lambda m, p: _tridiagonal(m, direct.solve_tridiagonal),
            dimensions=(1,),
            speed="fast",
        ),
        Solver(
            "cyclic_reduction",
            lines | _needs(T.GALERKIN),
            DIRECT,
            _cyclic,
            dimensions=(1,),
            speed="fast",
            hierarchy=True,
        ),
        Solver(
            "fast_diagonalisation",
            _needs(T.SEPARABLE, T.SYMMETRIC),
            DIRECT,
            _diagonalise,
            speed="fast",
            spelled=False,
        ),
        Solver(
            "half_diagonalisation",
            _needs(T.SEPARABLE, T.SYMMETRIC, T.REGULAR, T.UNSHIFTED),
            DIRECT,
            _half_diagonalise,
            dimensions=(2,),
            speed="fast",
            spelled=False,
        ),
        *_transform_table(),
        *(
            Solver(
                f"adi_{kind}",
                _needs(T.SEPARABLE, T.SYMMETRIC, T.REGULAR, T.UNSHIFTED, T.BOUNDED, *extra),
                ("fori", "scan", "while"),
                lambda m, p, kind=kind: _alternating(m, p, kind),
                dimensions=(2,),
                spelled=False,
            )
            for kind, extra in (("dense", ()), ("eigen", ()), ("tridiagonal", (T.CONSTANT_INTERIOR,)))
        ),
    ]


def _multigrid_table(grids: frozenset[Trait], colours: frozenset[Trait]) -> list[Solver]:
    found: list[Solver] = []
    for smoother, extra in (("damped", _needs()), ("red_black", colours)):
        for shape in "vwf":
            found.append(
                Solver(
                    f"multigrid_{shape}_{smoother}",
                    grids | extra,
                    SHORT_LOOPS,
                    lambda m, p, s=shape, k=smoother: _multigrid(m, p, s, k),
                    _cycle_bound(smoother),
                    speed="fast",
                    hierarchy=True,
                )
            )
        found.append(
            Solver(
                f"full_multigrid_{smoother}",
                grids | extra,
                SHORT_LOOPS,
                lambda m, p, k=smoother: _full(m, p, k),
                _cycle_bound(smoother),
                speed="fast",
                hierarchy=True,
            )
        )
    return found


def _transform_table() -> list[Solver]:
    t = transforms
    pairs = (
        ("sine_extension", T.SINE, t.sine_by_extension, None, False),
        ("sine_halves", T.SINE, t.sine_by_halves, None, True),
        ("sine_matrix", T.SINE, t.sine_by_matrix, None, False),
        ("cosine_extension", T.COSINE, t.cosine_by_extension, t.inverse_cosine_by_extension, False),
        ("cosine_matrix", T.COSINE, t.cosine_by_matrix, t.inverse_cosine_by_matrix, False),
    )
    found = [
        Solver(
            name,
            _needs(trait),
            DIRECT,
            lambda m, p, a=forward, b=inverse: _transform(m, a, b),
            speed="fast",
            odd=odd,
            spelled=False,
        )
        for name, trait, forward, inverse, odd in pairs
    ]
    found.append(
        Solver(
            "sine_tridiagonal",
            _needs(T.CONSTANT_INTERIOR),
            DIRECT,
            _sine_tridiagonal,
            dimensions=(2,),
            speed="fast",
            odd=True,
            spelled=False,
        )
    )
    for name, real in (("fourier", False), ("real_fourier", True)):
        found.append(
            Solver(
                name,
                _needs(T.FOURIER),
                DIRECT,
                lambda m, p, r=real: _fourier(m, r),
                speed="fast",
                spelled=False,
            )
        )
    return found


SOLVERS = {solver.name: solver for solver in _table()}
