"""The solvers as a library: the same parts as the programs, bound instead of written, jitted and cached."""

from __future__ import annotations

import enum
import functools
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.core import Tracer
from numpy.typing import ArrayLike

from pde.errors import UserError, check_name, check_whole, shown
from pde.family.variant import (
    Variant,
    check,
    check_size,
    check_tolerance,
    has_spelling,
    returns_record,
    solver_part,
    spellings,
)
from pde.parts.part import Part, part
from pde.schemes.model import Data, Model, Trait
from pde.schemes.problem import BOUNDARIES, EQUATIONS, Problem, compatibility, problems
from pde.schemes.table import SCHEMES
from pde.solvers.rates import condition
from pde.solvers.table import SOLVERS

COMPATIBLE = 1e-2
WITHOUT_VALUES = ("neumann", "periodic")
"""Boundaries that leave the mean of u to c."""
LOOSEST = 0.1
"""The default tolerance where the precision reaches next to nothing."""
STRICTER = 0.5
"""Loops aim at this part of a tolerance: what they measure of a residual is rounded, and often a recurrence."""


class Status(enum.Enum):
    """How an iteration ended, by the true residual of what it returns."""

    CONVERGED = "converged"
    """The residual is within the tolerance."""
    STAGNATED = "stagnated: the precision reaches no further"
    """The residual is beyond the tolerance, but within what rounding leaves of it (`reach`)."""
    LIMIT = "not converged at the limit of iterations"
    """The iteration had more to gain when it had taken the steps that theory grants."""
    BREAKDOWN = "breakdown: the iteration ended without a solution"
    """A divisor vanished or the residual grew out of hand; the best iterate is returned."""


@dataclass(frozen=True)
class Outcome:
    """A solution on its grid, and how it was found."""

    u: Array
    points: np.ndarray
    error: float
    """Largest difference from the known solution; nan where the data are the caller's."""
    iterations: int | None
    """None where the solver does not count them."""
    variant: Variant
    n: int
    residual: float
    """Norm of b - A u relative to that of b, of the discrete system, its boundary data included and, where constants
    solve it, its incompatible part left out; from the arrays that came in and went out, in 64 bits."""
    tolerance: float | None
    """The relative residual that was asked for, or else is the default; None for a direct solver."""
    status: Status | None
    """How the iteration ended; None for a direct solver."""

    @property
    def converged(self) -> bool | None:
        """Whether `residual` is within `tolerance`, whatever the loop believed; None for a direct solver."""
        return None if self.status is None else self.status is Status.CONVERGED


SHORT_NAMES = {
    "multigrid": ("multigrid_v_parity", "multigrid_v_red_black"),
    "dst": ("sine_zeros",),
    "dct": ("cosine_extension",),
    "fft": ("real_fourier",),
}
"""Solvers by what they are; the first that fits, or else the last."""


def choose(problem: Problem, solver: str, scheme: str = "", spelling: str = "", loop: str = "") -> Variant:
    """The variant that the names ask for; what they leave open is the first that fits.

    Raises UserError where there is none.
    """
    if not isinstance(problem, Problem):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise UserError(f"{shown(problem)} is no problem: make one with pde.Problem(dimension, boundary, ...)")
    check_name("solver", solver, (*SHORT_NAMES, *SOLVERS))
    for what, name in (("scheme", scheme), ("spelling", spelling), ("loop", loop)):
        if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"{what} {shown(name)} is no text: give a str, or leave it out")
    names = SHORT_NAMES.get(solver, (solver,))
    schemes = [scheme] if scheme else [s.name for s in SCHEMES.values() if s.fits(problem)]
    if not schemes:
        raise UserError(
            f"no scheme expresses {problem.equation} with {problem.boundary} boundary and solution "
            f"{problem.known.name!r} in {problem.dimension}D: choose {_expressible(problem)}"
        )
    candidates = [_candidate(problem, scheme, spelling, name, loop) for name in names for scheme in schemes]
    for candidate in candidates:
        if _valid(candidate):
            return candidate
    last = candidates[-len(schemes)]
    check(last)
    return last


def _expressible(problem: Problem) -> str:
    """What is nearest to a problem that no scheme expresses: other data for its equation, or another equation."""
    first = {
        (p.equation, p.boundary): p.known.name
        for equation in EQUATIONS
        for boundary in BOUNDARIES
        for p in reversed(problems(problem.dimension, boundary, equation))
        if any(scheme.fits(p) for scheme in SCHEMES.values())
    }
    same = [f"{boundary} with {name!r}" for (equation, boundary), name in first.items() if equation == problem.equation]
    return ", ".join(same) or f"another equation, one of {', '.join(dict.fromkeys(e for e, _ in first))}"


def _candidate(problem: Problem, scheme: str, spelling: str, solver: str, loop: str) -> Variant:
    if scheme not in SCHEMES:
        raise UserError(f"unknown scheme {scheme!r}: choose one of {', '.join(SCHEMES)}")
    found = SCHEMES[scheme]
    usable = spellings(found, problem) or found.spellings
    default = "slices" if has_spelling(found, problem, "slices") else usable[0]
    loops = SOLVERS[solver].loops
    chosen_loop = loop or ("while" if "while" in loops else loops[0])
    return Variant(problem, scheme, spelling or default, solver, chosen_loop)


def _valid(variant: Variant) -> bool:
    try:
        check(variant)
    except UserError:
        return False
    return True


def solve(
    problem: Problem,
    solver: str = "multigrid",
    n: int = 63,
    *,
    scheme: str = "",
    spelling: str = "",
    loop: str = "",
    tolerance: float | None = None,
    data: Sequence[ArrayLike] | None = None,
) -> Outcome:
    """Solves the problem with n unknowns along the first axis and compares with the known solution.

    >>> solve(Problem(2, "dirichlet", "poisson", "sine"), solver="cg", n=63).error < 1e-3
    True

    `tolerance` is the relative residual of an iteration; `default_tolerance` where none is given. One that cannot be
    reached is no mistake: `status` says how the iteration ended, and `residual` where.

    `data` are the caller's arrays in place of the problem's own, in the order and shapes of `variant.model(n).data`:
    f, then the boundary data. The known solution belongs to others then, and `error` is nan.

    Raises UserError for a combination, a size or data that make no sense, in one sentence with the cure.
    """
    variant = choose(problem, solver, scheme, spelling, loop)
    n, tolerance = check_whole("n", n), check_tolerance(tolerance)
    function = solver_function(variant, n, tolerance)
    model = variant.model(n)
    arrays = _own(model) if data is None else _given(model, data)
    size = _unit(model, arrays)
    scaled_arrays = [array / size for array in arrays]
    output = function(*scaled_arrays)
    unit_u, record = output if returns_record(variant) else (output, None)
    left = relative_residual(variant, n, unit_u, scaled_arrays)
    u = _rescaled(unit_u, size)
    error = _error(model, u) if data is None else math.nan
    count = _count(variant, record)
    if variant.loop == "direct":
        return Outcome(u, model.points, error, None, variant, n, left, None, None)
    wanted = tolerance or default_tolerance(variant, n)
    status = _status(left, wanted, reach(model), _spent(variant, model, tolerance, count))
    return Outcome(u, model.points, error, count, variant, n, left, wanted, status)


def _error(model: Model, u: Array) -> float:
    exact = model.problem.sample(model.points)[0]
    exact = exact - exact.mean() if model.problem.singular else exact
    return float(jnp.max(jnp.abs(u - exact)))


def _count(variant: Variant, record: Any) -> int | None:
    if variant.loop == "while":
        return int(record)
    return len(record) if variant.loop == "recorded" else None


def _spent(variant: Variant, model: Model, tolerance: float | None, count: int | None) -> bool:
    """Whether a loop took all its steps; one that is not a while loop ends nowhere else."""
    limit = dict(solver_part(variant, model, _aim(variant, tolerance)).bound).get("limit", 0)
    return count is None or count >= limit


def solver_function(variant: Variant, n: int, tolerance: float | None = None) -> Callable[..., Any]:
    """The jitted function of the arrays in `variant.model(n).data`; `jax.vmap` takes it to batches of them.

    Its result scales with its arrays, from the smallest to the largest numbers, and is nan where they are not finite.
    `jax.grad` passes it, but for a while loop or GMRES on an operator that is not symmetric; through a while loop the
    gradient is the adjoint solution.

    Raises UserError for an invalid variant, size or tolerance.
    """
    check(variant)
    check_size(variant, n)
    n = check_whole("n", n)
    check_coefficients(variant.problem, n)
    compiled = _compiled(variant, n, check_tolerance(tolerance), _bounds().epsilon)
    wanted = variant.model(n).data

    def function(*arrays: ArrayLike) -> Any:
        if len(arrays) != len(wanted):
            raise _misshapen(wanted, arrays)
        floats = [_floats(item, array) for item, array in zip(wanted, arrays, strict=True)]
        if [array.shape for array in floats] != [item.shape for item in wanted]:
            raise _misshapen(wanted, floats)
        return compiled(*floats)

    return function


def reach(model: Model) -> float:
    """The relative residual below which rounding does not let an iteration come for certain: 4 eps kappa.

    Rounding u alone changes A u by eps |A| |u|, which is eps kappa |b| where u is as smooth as can be (Higham, Accuracy
    and Stability of Numerical Algorithms, 2002, sections 7.1 and 17.1). Measured over solvers, boundaries and
    dimensions, iterations that aim far below leave 0.1 eps kappa in the median and 3.5 at the most, where the ghosts of
    a Robin boundary are rounded in every cell.
    """
    return 4.0 * _bounds().epsilon * condition(model)


def default_tolerance(variant: Variant, n: int) -> float:
    """The relative residual that an iteration is asked for in the precision that JAX is set to.

    It leaves the discretisation error visible (1e-5 in 32 bits, 1e-10 or 1e-12 in 64), but is no smaller than what the
    precision reaches at this size, nor larger than 0.1.

    Raises UserError for an invalid variant or size.
    """
    check(variant)
    check_size(variant, n)
    n = check_whole("n", n)
    return min(max(_visible(variant), reach(variant.model(n))), LOOSEST)


def _visible(variant: Variant) -> float:
    return variant.tolerance if jax.config.read("jax_enable_x64") else 1e-5


def _aim(variant: Variant, tolerance: float | None) -> float:
    """The relative residual that the loop itself aims at: by default as small as answers profit from."""
    return STRICTER * (tolerance or _visible(variant))


@functools.lru_cache(maxsize=64)
def _compiled(variant: Variant, n: int, tolerance: float | None, epsilon: float) -> Callable[..., Any]:
    """The function for a precision, told apart by its epsilon."""
    model = variant.model(n)
    solver = solver_part(variant, model, _aim(variant, tolerance))
    if variant.loop == "while":
        solver = _refined(variant, model, solver, tolerance or default_tolerance(variant, n))
    if variant.loop == "while" and Trait.SYMMETRIC in model.traits:
        solver = part(differentiable_while, apply_operator=model.apply, solve_forward=solver)
    if variant.loop != "direct":
        block = {"while": scaled_while, "recorded": scaled_recorded}.get(variant.loop, scaled)
        solver = part(block, solve_system=solver)
    return jax.jit(model.wrap(solver, returns_record(variant)).bind())


def _refined(variant: Variant, model: Model, solver: Part, tolerance: float) -> Part:
    """The loop, watched where its residuals jump, and begun again from what it left where that was not enough."""
    if SOLVERS[variant.solver].erratic:
        solver = replace(solver, block=watched_while)
    limit = dict(solver.bound)["limit"]
    return part(
        refined_while, apply_operator=model.apply, solve_system=solver, tolerance=STRICTER * tolerance, limit=limit
    )


# How an iteration ended.


def relative_residual(variant: Variant, n: int, u: ArrayLike, data: Sequence[ArrayLike]) -> float:
    """Norm of b - A u relative to that of b, computed in 64 bits whatever JAX is set to.

    `data` are those of `solve`. It is 0 where both vanish, and not finite where u is not.
    """
    arrays = [np.asarray(array, np.float64) for array in (*data, u)]
    size = max(float(np.max(np.abs(array))) for array in arrays[:-1]) or 1.0
    with jax.enable_x64(True):
        left, right = _norms(variant, n)(*(array / size for array in arrays))
    return 0.0 if left == right == 0.0 else float(np.divide(left, right))


@functools.lru_cache(maxsize=64)
def _norms(variant: Variant, n: int) -> Callable[..., tuple[Array, Array]]:
    model = variant.model(n)
    load, apply = model.wrap(part(unsolved)).bind(), model.apply.bind()

    def norms(*arrays: Array) -> tuple[Array, Array]:
        right = load(*arrays[:-1])
        return jnp.linalg.norm(right - apply(arrays[-1])), jnp.linalg.norm(right)

    return jax.jit(norms)


def unsolved(f: Array) -> Array:
    """The right-hand side as it comes to the solver."""
    return f


def _status(residual: float, tolerance: float, reached: float, at_limit: bool) -> Status:
    if residual <= tolerance:
        return Status.CONVERGED
    if residual <= min(reached, 1.0):
        return Status.STAGNATED
    return Status.LIMIT if at_limit and residual <= 1.0 else Status.BREAKDOWN


# What the library puts around an iteration. Those of the programs measure residuals by their squares, which overflow
# and vanish, and end at once where these are nan.


def differentiable_while(
    f: Array, *, apply_operator: Callable[[Array], Array], solve_forward: Callable[[Array], tuple[Array, Array]]
) -> tuple[Array, Array]:
    """Solution whose derivatives solve the same symmetric system, and the count of iterations."""

    def solve_right(_: object, right: Array) -> tuple[Array, Array]:
        return solve_forward(right)

    return lax.custom_linear_solve(apply_operator, f, solve_right, symmetric=True, has_aux=True)


def refined_while(
    f: Array,
    *,
    apply_operator: Callable[[Array], Array],
    solve_system: Callable[[Array], tuple[Array, Array]],
    tolerance: float,
    limit: int,
) -> tuple[Array, Array]:
    """Solution whose residual was looked at, and the count of iterations.

    A recurrence drifts away from the residual that it stands for. Where that is too large, the loop solves for what is
    left, as long as that is halved (Sleijpen and van der Vorst, Reliable updated residuals in hybrid Bi-CG methods,
    1996). What is returned is the best of these, zero included.
    """
    target = tolerance * jnp.linalg.norm(f)

    def unfinished(state: tuple[Array, Array, Array, Array, Array]) -> Array:
        _, _, size, _, gaining = state
        return gaining & (size > target)

    def improve(state: tuple[Array, Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array, Array]:
        u, residual, size, count, _ = state
        change, steps = solve_system(residual)
        nearer = u + change
        left = f - apply_operator(nearer)
        left_size = jnp.linalg.norm(left)
        better = left_size < size
        u, residual = jnp.where(better, nearer, u), jnp.where(better, left, residual)
        gaining = (left_size < 0.5 * size) & (steps < limit)
        return u, residual, jnp.where(better, left_size, size), count + steps, gaining

    start = (jnp.zeros_like(f), f, jnp.linalg.norm(f), jnp.asarray(0), jnp.asarray(True))
    u, _, _, count, _ = lax.while_loop(unfinished, improve, start)
    return u, count


def watched_while(
    f: Array,
    *,
    start: Callable[[Array], tuple[Array, ...]],
    step: Callable[[tuple[Array, ...]], tuple[Array, ...]],
    tolerance: float,
    limit: int,
) -> tuple[Array, Array]:
    """The best solution of an iteration whose residuals jump, and the number of steps it took.

    It ends where its residual has not moved, for a divisor has vanished, and where it has grown from its best by the
    inverse root of the precision: of later ones half the digits are rounding.
    """
    target = tolerance * jnp.linalg.norm(f)
    growth = float(jnp.finfo(f.dtype).eps) ** -0.5

    def unfinished(progress: tuple[Any, ...]) -> Array:
        _, _, best, size, moved, count = progress
        return moved & (best > target) & (size < growth * best) & (count < limit)

    def advance(progress: tuple[Any, ...]) -> tuple[Any, ...]:
        state, u, best, size, _, count = progress
        state = step(state)
        now = jnp.linalg.norm(state[1])
        u = jnp.where(now < best, state[0], u)
        return state, u, jnp.minimum(now, best), now, now != size, count + 1

    size = jnp.linalg.norm(f)
    first = (start(f), jnp.zeros_like(f), size, size, jnp.asarray(True), jnp.asarray(0))
    _, u, _, _, _, count = lax.while_loop(unfinished, advance, first)
    return u, count


def _size(f: Array) -> Array:
    size = lax.stop_gradient(jnp.max(jnp.abs(f)))
    return jnp.where(size == 0.0, 1.0, size)


def scaled(f: Array, *, solve_system: Callable[[Array], Array]) -> Array:
    """Solution of the system divided by the largest element of f, times that."""
    size = _size(f)
    return size * solve_system(f / size)


def scaled_while(f: Array, *, solve_system: Callable[[Array], tuple[Array, Array]]) -> tuple[Array, Array]:
    """The scaled solution and the count of iterations."""
    size = _size(f)
    u, count = solve_system(f / size)
    return size * u, count


def scaled_recorded(f: Array, *, solve_system: Callable[[Array], tuple[Array, Array]]) -> tuple[Array, Array]:
    """The scaled solution and the norms of its residuals."""
    size = _size(f)
    u, norms = solve_system(f / size)
    return size * u, size * norms


# What comes from callers is looked at before anything changes its values.


def _floats(item: Data, array: ArrayLike) -> Any:
    """The array in JAX's precision, whether it is there or traced. Raises UserError where that would change it."""
    if isinstance(array, Tracer):
        if not _real(array.dtype):
            raise UserError(f"{item.name} holds {array.dtype}, not real numbers: give floats")
        if _bounds().bits == 32 and not jnp.issubdtype(array.dtype, jnp.floating):
            raise UserError(
                f"{item.name} holds {array.dtype} while it is traced, cut from 64 bits perhaps: give floats"
            )
        return array.astype(float)
    if isinstance(array, Array) and array.dtype == jnp.dtype(f"float{_bounds().bits}"):
        return array
    numbers = read_numbers(item.name, array)
    _check_range(item.name, numbers[np.isfinite(numbers)])
    return jnp.asarray(numbers, float)


def read_numbers(name: str, array: object) -> np.ndarray:
    """The array in 64 bits, not all of it finite perhaps. Raises UserError for all that are not real numbers."""
    if isinstance(array, Tracer):
        raise UserError(
            f"{name} is being traced by JAX: give numbers, or call pde.solver_function(variant, n) inside jit"
        )
    if _masked(array):
        raise UserError(f"{name} has masked elements: fill them, as by {name}.filled(0.0)")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            numbers = np.asarray(array)
    except Exception as failure:  # whatever lists and a caller's own __array__ do
        reason = shown(str(failure))
        raise UserError(f"{name} is no array of numbers ({type(failure).__name__} {reason}): give one") from None
    if not _real(numbers.dtype):
        raise UserError(f"{name} holds {numbers.dtype}, not real numbers: give floats, as an array of numpy or JAX")
    with np.errstate(all="ignore"):
        floats = numbers.astype(np.float64)
        lost = int(np.sum(np.isfinite(numbers) & ~np.isfinite(floats))) if numbers.dtype.kind == "f" else 0
    if lost:
        raise UserError(
            f"{name} has {lost} elements beyond 64 bits: divide by their size, and multiply the solution by it"
        )
    return floats


def _real(dtype: Any) -> bool:
    return jnp.issubdtype(dtype, jnp.floating) or jnp.issubdtype(dtype, jnp.integer)


def _masked(array: object) -> bool:
    """Whether elements are masked, in whatever lists they stand."""
    if isinstance(array, np.ma.MaskedArray):
        return bool(np.ma.is_masked(array))
    return isinstance(array, list | tuple) and any(map(_masked, array))


def _check_range(name: str, numbers: np.ndarray) -> None:
    """Raises UserError where the largest number overflows or vanishes in JAX's precision."""
    bounds, size = _bounds(), float(np.max(np.abs(numbers), initial=0.0))
    if size > bounds.max or 0.0 < size < bounds.tiny:
        raise UserError(
            f"{name} has a largest element of {size:.3g}, outside the {bounds.tiny:.1e} to {bounds.max:.1e} of "
            f"{bounds.bits} bits: divide by it, or call jax.config.update('jax_enable_x64', True)"
        )


@dataclass(frozen=True)
class Bounds:
    """What the precision that JAX is set to holds."""

    bits: int
    epsilon: float
    tiny: float
    max: float


def _bounds() -> Bounds:
    found = np.finfo(np.float64 if jax.config.read("jax_enable_x64") else np.float32)
    return Bounds(found.bits, float(found.eps), float(found.tiny), float(found.max))


def check_coefficients(problem: Problem, n: int) -> None:
    """Raises UserError where the operator overflows or vanishes in JAX's precision, or c is lost in its rounding."""
    terms, bounds = problem.terms, _bounds()
    weights = terms.weights[: problem.dimension]
    largest, smallest = max(terms.screening, 4.0 * (n + 1.0) ** 2 * max(weights)), min(weights)
    if largest > 1e-3 * bounds.max or smallest < 1e3 * bounds.tiny:
        raise UserError(
            f"screening = {terms.screening:g} and weights = {weights} make an operator beyond the {bounds.bits} bits "
            "of JAX's numbers: divide the equation by the largest, or call jax.config.update('jax_enable_x64', True)"
        )
    least = 100.0 * bounds.epsilon
    if problem.boundary in WITHOUT_VALUES and 0.0 < terms.screening < least * max(weights):
        raise UserError(
            f"c = {terms.screening:g} is lost in the rounding of {bounds.bits} bits, and the mean of u with it: "
            f"take c = 0, for which u has zero mean, or c >= {least * max(weights):.1e}"
        )


def _own(model: Model) -> list[np.ndarray]:
    """The problem's own data."""
    arrays = [np.asarray(item.values(), np.float64) for item in model.data]
    for array, item in zip(arrays, model.data, strict=True):
        if lost := int(np.sum(~np.isfinite(array))):
            raise UserError(
                f"solution {model.problem.known.name!r} gives {item.name} {lost} elements that are not finite in "
                f"{_bounds().bits} bits: make it smaller or smoother"
            )
    return arrays


def _given(model: Model, data: Any) -> list[np.ndarray]:
    """The caller's arrays, if they have the model's shapes, are finite and, where constants solve it, balance."""
    if isinstance(data, str | bytes | dict | set | frozenset) or not hasattr(data, "__iter__"):
        raise UserError(f"data = {shown(data)} is no list of arrays: give [{_wanted(model.data)}]")
    try:
        items: list[Any] = list(data)
    except Exception:  # whatever a caller's own __iter__ does, and tracers without an axis
        raise UserError(f"data = {shown(data)} is no list of arrays: give [{_wanted(model.data)}]") from None
    if len(items) != len(model.data):
        raise _misshapen(model.data, items)
    arrays = [read_numbers(item.name, array) for item, array in zip(model.data, items, strict=True)]
    if [array.shape for array in arrays] != [item.shape for item in model.data]:
        raise _misshapen(model.data, arrays)
    for array, item in zip(arrays, model.data, strict=True):
        if not np.isfinite(array).all():
            raise UserError(f"{item.name} has {np.sum(~np.isfinite(array))} elements that are not finite: give numbers")
    if model.problem.singular:
        size = max(float(np.max(np.abs(array))) for array in arrays) or 1.0
        inflow = sum(float(np.mean(sides / size, axis=tuple(range(1, sides.ndim))).sum()) for sides in arrays[1:])
        check_compatible(arrays[0] / size, inflow, model.problem.boundary)
    return arrays


def _wanted(data: Sequence[Data]) -> str:
    return ", ".join(f"{item.name} of shape {item.shape}" for item in data)


def _misshapen(data: Sequence[Data], arrays: Sequence[Any]) -> UserError:
    shapes = [getattr(array, "shape", None) or np.shape(np.asarray(array, object)) for array in arrays]
    return UserError(f"data have the shapes {shown(shapes)}: give {_wanted(data)}")


def _unit(model: Model, arrays: Sequence[np.ndarray]) -> float:
    """A power of two near the largest element, by which the data are divided without rounding."""
    for item, array in zip(model.data, arrays, strict=True):
        _check_range(item.name, array)
    size = max(float(np.max(np.abs(array))) for array in arrays)
    return 2.0 ** math.floor(math.log2(size)) if size else 1.0


def _rescaled(u: Array, size: float) -> Array:
    """The solution of the caller's data. Raises UserError where the precision has no such numbers."""
    largest = float(jnp.max(jnp.abs(u)))
    bounds = _bounds()
    if largest and math.isfinite(largest) and not bounds.tiny <= largest * size <= bounds.max:
        raise UserError(
            f"the solution has a largest element of {largest:.3g} * {size:.3g}, outside the {bounds.tiny:.1e} to "
            f"{bounds.max:.1e} of {bounds.bits} bits: divide the data by their size"
        )
    return u * size


def check_compatible(f: np.ndarray, inflow: float, boundary: str = "neumann") -> None:
    """Raises UserError where sources and boundary fluxes do not balance though constants solve the problem.

    Within 1e-2 the difference is that of sampling, and left out.
    """
    total, scale = compatibility(f, inflow), float(np.mean(np.abs(f))) + abs(inflow) + 1e-300
    if abs(total) > COMPATIBLE * scale:
        kind = {"neumann": "Neumann"}.get(boundary, boundary)
        raise UserError(
            f"the mean of f plus the boundary flux is {total / scale:.3g} of their size, but a pure {kind} problem has "
            f"a solution only if it is 0 (within {COMPATIBLE:g}): "
            "subtract it from f, or add screening c > 0"
        )
