"""Multigrid cycles on a hierarchy of halved grids.

V, W, F and full multigrid: Brandt 1977; Trottenberg, Oosterlee and Schueller, Multigrid, 2001, sections 2.4
to 2.6. Full weighting is the transpose of linear interpolation up to 2**d (2.3.3); in cells, averaging with
linear interpolation keeps the orders of both above that of the operator (2.8.4).
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax

from pde.blocks.batching import as_it_stands, single_only

Field = Callable[[Array], Array]
Step = Callable[[Array, Array], Array]


# Vertices: 2**k - 1 unknowns an axis.


def weight_1d(r: Array) -> Array:
    """Full weighting to every second inner vertex."""
    return 0.25 * r[:-2:2] + 0.5 * r[1:-1:2] + 0.25 * r[2::2]


def weight_2d(r: Array) -> Array:
    """Full weighting to every second inner vertex of each axis."""
    rows = 0.25 * r[:-2:2] + 0.5 * r[1:-1:2] + 0.25 * r[2::2]
    return 0.25 * rows[:, :-2:2] + 0.5 * rows[:, 1:-1:2] + 0.25 * rows[:, 2::2]


@single_only
def weight_3d(r: Array) -> Array:
    """Full weighting to every second inner vertex of each axis."""
    x = 0.25 * r[:-2:2] + 0.5 * r[1:-1:2] + 0.25 * r[2::2]
    y = 0.25 * x[:, :-2:2] + 0.5 * x[:, 1:-1:2] + 0.25 * x[:, 2::2]
    return 0.25 * y[..., :-2:2] + 0.5 * y[..., 1:-1:2] + 0.25 * y[..., 2::2]


def interpolate_1d(e: Array) -> Array:
    """Linear interpolation to the vertices of the finer grid."""
    p = jnp.pad(e, 1)
    odd = 0.5 * (p[:-1] + p[1:])
    return jnp.zeros(2 * e.shape[0] + 1).at[1::2].set(e).at[::2].set(odd)


def interpolate_2d(e: Array) -> Array:
    """Bilinear interpolation to the vertices of the finer grid."""
    n, m = e.shape
    p = jnp.pad(e, 1)
    x, y = p[:-1] + p[1:], p[:, :-1] + p[:, 1:]
    fine = jnp.zeros((2 * n + 1, 2 * m + 1)).at[1::2, 1::2].set(e)
    fine = fine.at[::2, 1::2].set(0.5 * x[:, 1:-1]).at[1::2, ::2].set(0.5 * y[1:-1])
    return fine.at[::2, ::2].set(0.25 * (x[:, :-1] + x[:, 1:]))


@single_only
def interpolate_3d(e: Array) -> Array:
    """Trilinear interpolation to the vertices of the finer grid, axis by axis."""
    for axis in range(3):
        e = jnp.moveaxis(e, axis, 0)
        p = jnp.pad(e, ((1, 1), (0, 0), (0, 0)))
        middle = 0.5 * (p[:-1] + p[1:])
        pairs = jnp.stack([middle, p[1:]], axis=1)
        e = jnp.moveaxis(pairs.reshape(-1, *e.shape[1:])[:-1], 0, axis)
    return e


# Cells and periods: 2**k unknowns an axis.


def average_1d(r: Array) -> Array:
    """Mean of the two cells of a coarse cell."""
    return 0.5 * (r[::2] + r[1::2])


def average_2d(r: Array) -> Array:
    """Mean of the four cells of a coarse cell."""
    n, m = r.shape
    return r.reshape(n // 2, 2, m // 2, 2).mean(axis=(1, 3))


@single_only
def average_3d(r: Array) -> Array:
    """Mean of the eight cells of a coarse cell."""
    n, m, k = r.shape
    return r.reshape(n // 2, 2, m // 2, 2, k // 2, 2).mean(axis=(1, 3, 5))


def cell_interpolate_1d(e: Array, *, add_ghosts: Field) -> Array:
    """Linear interpolation to the two cells of every coarse cell."""
    p = add_ghosts(e)
    left = 0.75 * e + 0.25 * p[:-2]
    right = 0.75 * e + 0.25 * p[2:]
    return jnp.stack([left, right], axis=1).ravel()


def cell_interpolate_2d(e: Array, *, add_ghosts: Field) -> Array:
    """Bilinear interpolation to the four cells of every coarse cell."""
    n, m = e.shape
    p = add_ghosts(e)
    lower, upper = 0.75 * p[1:-1] + 0.25 * p[:-2], 0.75 * p[1:-1] + 0.25 * p[2:]
    rows = jnp.stack([lower, upper], axis=1).reshape(2 * n, m + 2)
    west, east = 0.75 * rows[:, 1:-1] + 0.25 * rows[:, :-2], 0.75 * rows[:, 1:-1] + 0.25 * rows[:, 2:]
    return jnp.stack([west, east], axis=2).reshape(2 * n, 2 * m)


def period_weight_1d(r: Array) -> Array:
    """Full weighting to every second vertex of the period."""
    return 0.5 * r[::2] + 0.25 * (r[1::2] + jnp.roll(r, 1)[::2])


def period_weight_2d(r: Array) -> Array:
    """Full weighting to every second vertex of the period of each axis."""
    rows = 0.5 * r[::2] + 0.25 * (r[1::2] + jnp.roll(r, 1, 0)[::2])
    return 0.5 * rows[:, ::2] + 0.25 * (rows[:, 1::2] + jnp.roll(rows, 1, 1)[:, ::2])


def period_interpolate_1d(e: Array) -> Array:
    """Linear interpolation to the finer period."""
    middle = 0.5 * (e + jnp.roll(e, -1))
    return jnp.stack([e, middle], axis=1).ravel()


def period_interpolate_2d(e: Array) -> Array:
    """Bilinear interpolation to the finer period of each axis."""
    n, m = e.shape
    rows = jnp.stack([e, 0.5 * (e + jnp.roll(e, -1, 0))], axis=1).reshape(2 * n, m)
    return jnp.stack([rows, 0.5 * (rows + jnp.roll(rows, -1, 1))], axis=2).reshape(2 * n, 2 * m)


# Smoothing and the coarsest grid.


@as_it_stands
def smooth_fori(u: Array, f: Array, *, sweep: Step, sweeps: int) -> Array:
    """A few sweeps of the smoother."""
    return lax.fori_loop(0, sweeps, lambda _, v: sweep(v, f), u)


@as_it_stands
def smooth_unrolled(u: Array, f: Array, *, sweep: Step, sweeps: int) -> Array:
    """A few sweeps of the smoother."""
    for _ in range(sweeps):
        u = sweep(u, f)
    return u


# Cycles, by recursion over the levels while the program is traced. `recurse` is the cycle itself.


@as_it_stands
def v_cycle(
    u: Array,
    f: Array,
    *,
    apply_operator: Field,
    smooth: Step,
    restrict: Field,
    prolong: Field,
    solve_coarse: Step,
    coarsest: int,
    recurse: Step,
) -> Array:
    """One V-cycle."""
    if f.shape[-1] <= coarsest:
        return solve_coarse(u, f)
    u = smooth(u, f)
    residual = restrict(f - apply_operator(u))
    u = u + prolong(recurse(jnp.zeros_like(residual), residual))
    return smooth(u, f)


@as_it_stands
def w_cycle(
    u: Array,
    f: Array,
    *,
    apply_operator: Field,
    smooth: Step,
    restrict: Field,
    prolong: Field,
    solve_coarse: Step,
    coarsest: int,
    recurse: Step,
) -> Array:
    """One W-cycle: two cycles on every coarser grid."""
    if f.shape[-1] <= coarsest:
        return solve_coarse(u, f)
    u = smooth(u, f)
    residual = restrict(f - apply_operator(u))
    correction = lax.fori_loop(0, 2, lambda _, e: recurse(e, residual), jnp.zeros_like(residual))
    u = u + prolong(correction)
    return smooth(u, f)


@as_it_stands
def f_cycle(
    u: Array,
    f: Array,
    *,
    apply_operator: Field,
    smooth: Step,
    restrict: Field,
    prolong: Field,
    solve_coarse: Step,
    coarse_cycle: Step,
    coarsest: int,
    recurse: Step,
) -> Array:
    """One F-cycle: an F-cycle and then a V-cycle on the coarser grid."""
    if f.shape[-1] <= coarsest:
        return solve_coarse(u, f)
    u = smooth(u, f)
    residual = restrict(f - apply_operator(u))
    correction = recurse(jnp.zeros_like(residual), residual)
    correction = coarse_cycle(correction, residual)
    u = u + prolong(correction)
    return smooth(u, f)


@as_it_stands
def full_multigrid(
    f: Array,
    *,
    cycle: Step,
    restrict: Field,
    prolong: Field,
    solve_coarse: Step,
    coarsest: int,
    recurse: Field,
) -> Array:
    """Full multigrid: one cycle on every grid, starting from the coarsest."""
    if f.shape[-1] <= coarsest:
        return solve_coarse(jnp.zeros_like(f), f)
    u = prolong(recurse(restrict(f)))
    return cycle(u, f)


@as_it_stands
def corrected_by(u: Array, f: Array, *, apply_operator: Field, solve_residual: Field) -> Array:
    """Solution corrected by a solver of the residual equation."""
    return u + solve_residual(f - apply_operator(u))
