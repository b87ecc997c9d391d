"""Stationary iterations, the loops that drive them, and Chebyshev's.

Jacobi, Gauss-Seidel and successive over-relaxation with their rates: Young, Iterative Solution of Large
Linear Systems, 1971, chapters 4 to 6. With rho the spectral radius of Jacobi's iteration, Gauss-Seidel has
rho**2 and SOR at its best relaxation 2 / (1 + sqrt(1 - rho**2)) has that relaxation minus one. Chebyshev:
Saad, Iterative Methods for Sparse Linear Systems, 2003, algorithm 12.1.
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax

from pde.blocks.batching import as_it_stands, rebound, single_only

Field = Callable[[Array], Array]
Step = Callable[[Array, Array], Array]
State = tuple[Array, ...]


# One sweep.


@as_it_stands
def jacobi_sweep(u: Array, f: Array, *, apply_operator: Field, diagonal: Field) -> Array:
    """One sweep of Jacobi's iteration."""
    return u + (f - apply_operator(u)) / diagonal(u)


@as_it_stands
def damped_sweep(u: Array, f: Array, *, apply_operator: Field, diagonal: Field, damping: float) -> Array:
    """One sweep of the damped Jacobi iteration."""
    return u + damping * (f - apply_operator(u)) / diagonal(u)


@rebound(x_axis=1)
def checkerboard_1d(u: Array, *, x_axis: int = 0) -> Array:
    """True at the points of even index."""
    return jnp.arange(u.shape[x_axis]) % 2 == 0


@rebound(x_axis=1, y_axis=2)
def checkerboard_2d(u: Array, *, x_axis: int = 0, y_axis: int = 1) -> Array:
    """True at the points whose indices have an even sum."""
    return (jnp.arange(u.shape[x_axis])[:, None] + jnp.arange(u.shape[y_axis])) % 2 == 0


def checkerboard_3d(u: Array) -> Array:
    """True at the points whose indices have an even sum."""
    i, j, k = jnp.indices(u.shape)
    return (i + j + k) % 2 == 0


@as_it_stands
def red_black_sweep(u: Array, f: Array, *, apply_operator: Field, diagonal: Field, red: Field) -> Array:
    """One Gauss-Seidel sweep, first over the red points, then over the black."""
    mask = red(u)
    u = jnp.where(mask, u + (f - apply_operator(u)) / diagonal(u), u)
    return jnp.where(mask, u, u + (f - apply_operator(u)) / diagonal(u))


@as_it_stands
def overrelaxed_sweep(
    u: Array, f: Array, *, apply_operator: Field, diagonal: Field, red: Field, relaxation: float
) -> Array:
    """One red-black sweep of successive over-relaxation."""
    step = jnp.where(red(u), relaxation, 0.0)
    u = u + step * (f - apply_operator(u)) / diagonal(u)
    return u + (relaxation - step) * (f - apply_operator(u)) / diagonal(u)


@as_it_stands
def symmetric_sweep(
    u: Array, f: Array, *, apply_operator: Field, diagonal: Field, red: Field, relaxation: float
) -> Array:
    """One symmetric sweep: red, black, black and red again, over-relaxed."""
    mask = red(u)
    weight = relaxation / diagonal(u)
    for points in (mask, ~mask, ~mask, mask):
        u = jnp.where(points, u + weight * (f - apply_operator(u)), u)
    return u


def lexicographic_sweep_1d(u: Array, f: Array, *, spacing: Callable[[Array], float], relaxation: float) -> Array:
    """One sweep from left to right, each point from its newest neighbours."""
    right = jnp.append(u[1:], 0.0)

    def relax(left: Array, point: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        old, after, load = point
        new = old + relaxation * (0.5 * (left + after + load) - old)
        return new, new

    return lax.scan(relax, jnp.zeros_like(u[0]), (u, right, f * spacing(u) ** 2))[1]


@single_only
def lexicographic_sweep_2d(u: Array, f: Array, *, spacing: Callable[[Array], float], relaxation: float) -> Array:
    """One sweep row by row, each point from its newest neighbours."""

    def relax(west: Array, point: tuple[Array, Array]) -> tuple[Array, Array]:
        old, known = point
        new = old + relaxation * (0.25 * (west + known) - old)
        return new, new

    def relax_row(below: Array, row: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        old, above, load = row
        east = jnp.append(old[1:], 0.0)
        new = lax.scan(relax, jnp.zeros_like(old[0]), (old, below + above + east + load))[1]
        return new, new

    above = jnp.pad(u[1:], ((0, 1), (0, 0)))
    return lax.scan(relax_row, jnp.zeros_like(u[0]), (u, above, f * spacing(u) ** 2))[1]


# Loops around a sweep or a cycle.


@as_it_stands
def repeat_fori(f: Array, *, sweep: Step, iterations: int) -> Array:
    """Solution after a fixed number of sweeps from zero."""
    return lax.fori_loop(0, iterations, lambda _, u: sweep(u, f), jnp.zeros_like(f))


@as_it_stands
def repeat_scan(f: Array, *, sweep: Step, iterations: int) -> Array:
    """Solution after a fixed number of sweeps from zero."""

    def advance(u: Array, _: None) -> tuple[Array, None]:
        return sweep(u, f), None

    return lax.scan(advance, jnp.zeros_like(f), None, length=iterations)[0]


def repeat_recorded(f: Array, *, sweep: Step, apply_operator: Field, iterations: int) -> tuple[Array, Array]:
    """Solution after a fixed number of sweeps, and the norm of the residual after each."""

    def advance(u: Array, _: None) -> tuple[Array, Array]:
        u = sweep(u, f)
        return u, jnp.linalg.norm(f - apply_operator(u))

    return lax.scan(advance, jnp.zeros_like(f), None, length=iterations)


def repeat_while(f: Array, *, sweep: Step, apply_operator: Field, tolerance: float, limit: int) -> tuple[Array, Array]:
    """Solution to a relative residual, and the number of sweeps it took."""
    target = tolerance * jnp.linalg.norm(f)

    def unfinished(state: tuple[Array, Array, Array]) -> Array:
        _, residual, count = state
        return (jnp.linalg.norm(residual) > target) & (count < limit)

    def advance(state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        u, _, count = state
        u = sweep(u, f)
        return u, f - apply_operator(u), count + 1

    u, _, count = lax.while_loop(unfinished, advance, (jnp.zeros_like(f), f, jnp.asarray(0)))
    return u, count


@as_it_stands
def repeat_unrolled(f: Array, *, sweep: Step, iterations: int) -> Array:
    """Solution after a few sweeps from zero."""
    u = jnp.zeros_like(f)
    for _ in range(iterations):
        u = sweep(u, f)
    return u


# Chebyshev's iteration as a start and a step, for the loops of the Krylov methods.


def chebyshev_start(f: Array, *, lowest: float, highest: float) -> State:
    """Zero solution, its residual, the first direction and coefficient."""
    middle, half = 0.5 * (highest + lowest), 0.5 * (highest - lowest)
    return jnp.zeros_like(f), f, f / middle, jnp.asarray(half / middle)


@as_it_stands
def chebyshev_step(state: State, *, apply_operator: Field, lowest: float, highest: float) -> State:
    """One step of Chebyshev's iteration on a known spectrum."""
    u, residual, direction, rho = state
    middle, half = 0.5 * (highest + lowest), 0.5 * (highest - lowest)
    u = u + direction
    residual = residual - apply_operator(direction)
    rho_next = 1.0 / (2.0 * middle / half - rho)
    direction = rho_next * rho * direction + 2.0 * rho_next / half * residual
    return u, residual, direction, rho_next
