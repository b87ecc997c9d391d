"""Alternating directions: Peaceman-Rachford steps with a geometric cycle of shifts.

With the spectrum of each axis in [a, b], shifts spaced geometrically over it reduce the error by a fixed
factor a cycle whose length grows as log(b / a) (Wachspress, The ADI Model Problem, 2013, chapter 1; Varga,
Matrix Iterative Analysis, 1962, section 7.3).
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax

from pde.blocks.batching import as_it_stands, same_for_all, single_only

Matrix = Callable[[int], Array]
Alternate = Callable[[Array, Array, Array], Array]


@same_for_all
def geometric_shifts(*, lowest: float, highest: float, count: int) -> Array:
    """Shifts spread geometrically over the spectrum of one axis."""
    position = (jnp.arange(count) + 0.5) / count
    return lowest * (highest / lowest) ** position


def dense_step(u: Array, f: Array, shift: Array, *, x_matrix: Matrix, y_matrix: Matrix) -> Array:
    """One step with the shift: implicit along x, then along y."""
    n, m = u.shape
    x, y = x_matrix(n), y_matrix(m)
    half = jnp.linalg.solve(x + shift * jnp.eye(n), f + shift * u - u @ y.T)
    return jnp.linalg.solve(y + shift * jnp.eye(m), (f + shift * half - x @ half).T).T


@single_only
def tridiagonal_step(u: Array, f: Array, shift: Array, *, spacing: Callable[[Array], float]) -> Array:
    """One step with the shift: tridiagonal systems along x, then along y."""
    h = spacing(u)

    def along_x(v: Array) -> Array:
        p = jnp.pad(v, ((1, 1), (0, 0)))
        return (2.0 * v - p[:-2] - p[2:]) / h**2

    def solve_along_x(right: Array) -> Array:
        side = jnp.full(right.shape[0], -1.0 / h**2)
        centre = jnp.full(right.shape[0], 2.0 / h**2) + shift
        return lax.linalg.tridiagonal_solve(side.at[0].set(0.0), centre, side.at[-1].set(0.0), right)

    half = solve_along_x(f + shift * u - along_x(u.T).T)
    return solve_along_x((f + shift * half - along_x(half)).T).T


def eigen_step(u: Array, f: Array, shift: Array, *, x_matrix: Matrix, y_matrix: Matrix) -> Array:
    """One step with the shift, each half by inverting the matrix of an axis."""
    n, m = u.shape
    x, y = x_matrix(n), y_matrix(m)
    x_inverse = jnp.linalg.inv(x + shift * jnp.eye(n))
    y_inverse = jnp.linalg.inv(y + shift * jnp.eye(m))
    half = x_inverse @ (f + shift * u - u @ y.T)
    return (f + shift * half - x @ half) @ y_inverse.T


@as_it_stands
def cycle_scan(f: Array, *, alternate: Alternate, shifts: Callable[[], Array], cycles: int) -> Array:
    """Solution after a few cycles through the shifts."""

    def advance(u: Array, shift: Array) -> tuple[Array, None]:
        return alternate(u, f, shift), None

    return lax.scan(advance, jnp.zeros_like(f), jnp.tile(shifts(), cycles))[0]


@as_it_stands
def cycle_fori(f: Array, *, alternate: Alternate, shifts: Callable[[], Array], cycles: int) -> Array:
    """Solution after a few cycles through the shifts."""
    schedule = jnp.tile(shifts(), cycles)
    return lax.fori_loop(0, schedule.shape[0], lambda k, u: alternate(u, f, schedule[k]), jnp.zeros_like(f))


@single_only
def cycle_while(
    f: Array,
    *,
    alternate: Alternate,
    apply_operator: Callable[[Array], Array],
    shifts: Callable[[], Array],
    tolerance: float,
    limit: int,
) -> tuple[Array, Array]:
    """Solution to a relative residual, and the number of steps it took."""
    schedule = shifts()
    target = tolerance * jnp.linalg.norm(f)

    def unfinished(state: tuple[Array, Array]) -> Array:
        u, count = state
        return (jnp.linalg.norm(f - apply_operator(u)) > target) & (count < limit)

    def advance(state: tuple[Array, Array]) -> tuple[Array, Array]:
        u, count = state
        return alternate(u, f, schedule[count % schedule.shape[0]]), count + 1

    return lax.while_loop(unfinished, advance, (jnp.zeros_like(f), jnp.asarray(0)))
