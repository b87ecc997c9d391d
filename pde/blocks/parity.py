"""A red-black multigrid cycle on grids that are held apart by the parity of their indices.

With its boundary a grid of (2 m + 1) x (2 m + 1) points falls into the vertices of the coarser grid (`corners`,
both indices even), the middles of its edges (`along` the second axis, `across` it) and the centres of its
cells. Corners and centres are red, edges black; each colour is computed from the other alone, on whole
arrays without a mask, and is half as much to read and to write (Douglas, Hu, Kowarschik, Ruede and Weiss, Cache
optimization for structured and unstructured grid multigrid, ETNA 10, 2000). After a sweep the residual is zero
at the black points, and the next sweep overwrites the red ones, so that transfers touch one colour alone.

The iterates are those of the red-black V-cycle in `pde.blocks.multigrid`. The equation is the five-point one with zero
boundary values, times the square of the spacing.
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array

from pde.blocks.batching import single_only

Step = Callable[[Array, Array], Array]
Parts = tuple[Array, Array, Array, Array]


@single_only
def split_by_parity(u: Array) -> Parts:
    """The grid with its zero boundary as corners, edges along and across, and centres of the coarser cells."""
    along, across = jnp.pad(u[1::2, ::2], ((1, 1), (0, 0))), jnp.pad(u[::2, 1::2], ((0, 0), (1, 1)))
    return jnp.pad(u[1::2, 1::2], 1), along, across, u[::2, ::2]


@single_only
def join_by_parity(parts: Parts) -> Array:
    """The inner points of the grid from its parts."""
    corners, along, across, centres = parts
    n = 2 * centres.shape[0]
    first = jnp.stack([centres, across[:, 1:]], axis=2).reshape(-1, n)
    second = jnp.stack([along[1:], corners[1:, 1:]], axis=2).reshape(-1, n)
    return jnp.stack([first, second], axis=1).reshape(n, n)[:-1, :-1]


@single_only
def relax_by_parity(parts: Parts, load: Parts) -> Parts:
    """One red-black sweep, corners and centres first, then the edges."""
    _, along, across, _ = parts
    north_south = across[:-1, 1:-1] + across[1:, 1:-1]
    corners = jnp.pad(0.25 * (along[1:-1, :-1] + along[1:-1, 1:] + north_south + load[0][1:-1, 1:-1]), 1)
    centres = 0.25 * (across[:, :-1] + across[:, 1:] + along[:-1] + along[1:] + load[3])
    along = 0.25 * (corners[1:-1, :-1] + corners[1:-1, 1:] + centres[:-1] + centres[1:] + load[1][1:-1])
    across = 0.25 * (centres[:, :-1] + centres[:, 1:] + corners[:-1, 1:-1] + corners[1:, 1:-1] + load[2][:, 1:-1])
    return corners, jnp.pad(along, ((1, 1), (0, 0))), jnp.pad(across, ((0, 0), (1, 1))), centres


@single_only
def weight_by_parity(parts: Parts, load: Parts) -> Array:
    """Full weighting of the residual, which a sweep has left at corners and centres alone."""
    corners, along, across, centres = parts
    edges = along[1:-1, :-1] + along[1:-1, 1:] + across[:-1, 1:-1] + across[1:, 1:-1]
    at_corners = load[0][1:-1, 1:-1] + edges - 4.0 * corners[1:-1, 1:-1]
    r = load[3] + across[:, :-1] + across[:, 1:] + along[:-1] + along[1:] - 4.0 * centres
    return 0.25 * at_corners + 0.0625 * (r[:-1, :-1] + r[1:, :-1] + r[:-1, 1:] + r[1:, 1:])


@single_only
def correct_edges(parts: Parts, correction: Array) -> Parts:
    """Linear interpolation to the edges, from which the next sweep computes all other points."""
    corners, along, across, centres = parts
    e = jnp.pad(correction, 1)
    along = along + 0.5 * (e[:, :-1] + e[:, 1:])
    return corners, along, across + 0.5 * (e[:-1] + e[1:]), centres


@single_only
def parity_cycle(
    u: Array,
    f: Array,
    *,
    spacing: Callable[[Array], float],
    split: Callable[[Array], Parts],
    smooth: Callable[[Parts, Parts], Parts],
    restrict: Callable[[Parts, Parts], Array],
    correct: Callable[[Parts, Array], Parts],
    join: Callable[[Parts], Array],
    solve_coarse: Step,
    coarsest: int,
    recurse: Step,
) -> Array:
    """One V-cycle with the points of each parity in an array of their own."""
    if f.shape[0] <= coarsest:
        return solve_coarse(u, f)
    corners, along, across, centres = split(f)
    h2 = spacing(f) ** 2
    load = h2 * corners, h2 * along, h2 * across, h2 * centres
    parts = smooth(split(u), load)
    residual = restrict(parts, load) / h2
    correction = recurse(jnp.zeros_like(residual), residual)
    return join(smooth(correct(parts, correction), load))
