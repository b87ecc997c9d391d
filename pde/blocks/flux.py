"""Operators in flux form: variable coefficients, non-uniform grids, finite elements.

-(a u')' is approximated by the difference of the fluxes a(x[i+1/2]) (u[i+1] - u[i]) / h, symmetric and of
second order (LeVeque 2007, section 2.15). On a non-uniform grid the flux difference balances f over the
dual cell. Bilinear elements on squares give the stencil (-1 -1 -1; -1 8 -1; -1 -1 -1) / 3 and the
consistent load (1 4 1) x (1 4 1) / 36 (Johnson, Numerical Solution of Partial Differential Equations by the
Finite Element Method, 1987, chapter 1).
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax

Field = Callable[[Array], Array]
Points = Callable[[int], Array]


# Diffusivities.


def wave_1d(x: Array, *, amplitude: float) -> Array:
    """Diffusivity at the points x."""
    return 1.0 + amplitude * jnp.sin(2.0 * jnp.pi * x)


def wave_2d(x: Array, y: Array, *, amplitude: float) -> Array:
    """Diffusivity at the points (x, y)."""
    return 1.0 + amplitude * jnp.sin(2.0 * jnp.pi * x) * jnp.cos(2.0 * jnp.pi * y)


def wave_3d(x: Array, y: Array, z: Array, *, amplitude: float) -> Array:
    """Diffusivity at the points (x, y, z)."""
    return 1.0 + amplitude * jnp.sin(2.0 * jnp.pi * x) * jnp.cos(2.0 * jnp.pi * y) * jnp.cos(2.0 * jnp.pi * z)


# Coordinates, from the number of unknowns.


def interior_points(n: int) -> Array:
    """Inner vertices of the unit interval."""
    return jnp.arange(1, n + 1) / (n + 1)


def interior_faces(n: int) -> Array:
    """Midpoints between vertices, the boundary ones included."""
    return (jnp.arange(n + 1) + 0.5) / (n + 1)


def periodic_points(n: int) -> Array:
    """Vertices of one period."""
    return jnp.arange(n) / n


def periodic_faces(n: int) -> Array:
    """Midpoints around every vertex of one period."""
    return (jnp.arange(n + 1) - 0.5) / n


def cell_points(n: int) -> Array:
    """Centres of cells."""
    return (jnp.arange(n) + 0.5) / n


def cell_faces(n: int) -> Array:
    """Faces of cells."""
    return jnp.arange(n + 1) / n


def stretched_points(n: int, *, stretch: float) -> Array:
    """Vertices drawn together near x = 0, both ends included."""
    s = jnp.linspace(0.0, 1.0, n + 2)
    return s + stretch / jnp.pi * jnp.sin(jnp.pi * s) * (s - 1.0)


# Differences of fluxes, from values with ghosts.


def flux_slices_1d(p: Array, *, coefficient: Field, faces: Points) -> Array:
    """Difference of the fluxes through the faces."""
    flux = coefficient(faces(p.shape[0] - 2)) * (p[1:] - p[:-1])
    return flux[:-1] - flux[1:]


def flux_diff_1d(p: Array, *, coefficient: Field, faces: Points) -> Array:
    """Difference of the fluxes through the faces."""
    return -jnp.diff(coefficient(faces(p.shape[0] - 2)) * jnp.diff(p))


def flux_gather_1d(p: Array, *, coefficient: Field, faces: Points) -> Array:
    """Difference of the fluxes through the faces of every point."""
    a = coefficient(faces(p.shape[0] - 2))
    i = jnp.arange(1, p.shape[0] - 1)
    return a[i] * (p[i] - p[i + 1]) + a[i - 1] * (p[i] - p[i - 1])


def flux_scatter_1d(p: Array, *, coefficient: Field, faces: Points) -> Array:
    """Fluxes through the faces, added to the cells on both sides."""
    flux = coefficient(faces(p.shape[0] - 2)) * jnp.diff(p)
    return jnp.zeros_like(p).at[:-1].add(-flux).at[1:].add(flux)[1:-1]


def flux_slices_2d(p: Array, *, coefficient: Callable[..., Array], faces: Points, points: Points) -> Array:
    """Difference of the fluxes through the faces."""
    n, m = p.shape[0] - 2, p.shape[1] - 2
    a_x = coefficient(faces(n)[:, None], points(m))
    a_y = coefficient(points(n)[:, None], faces(m))
    x = a_x * (p[1:, 1:-1] - p[:-1, 1:-1])
    y = a_y * (p[1:-1, 1:] - p[1:-1, :-1])
    return x[:-1] - x[1:] + y[:, :-1] - y[:, 1:]


def flux_diff_2d(p: Array, *, coefficient: Callable[..., Array], faces: Points, points: Points) -> Array:
    """Difference of the fluxes through the faces."""
    n, m = p.shape[0] - 2, p.shape[1] - 2
    x = coefficient(faces(n)[:, None], points(m)) * jnp.diff(p[:, 1:-1], axis=0)
    y = coefficient(points(n)[:, None], faces(m)) * jnp.diff(p[1:-1], axis=1)
    return -jnp.diff(x, axis=0) - jnp.diff(y, axis=1)


def flux_scatter_2d(p: Array, *, coefficient: Callable[..., Array], faces: Points, points: Points) -> Array:
    """Fluxes through the faces, added to the cells on both sides."""
    n, m = p.shape[0] - 2, p.shape[1] - 2
    x = coefficient(faces(n)[:, None], points(m)) * jnp.diff(p[:, 1:-1], axis=0)
    y = coefficient(points(n)[:, None], faces(m)) * jnp.diff(p[1:-1], axis=1)
    total = jnp.zeros((n + 2, m + 2)).at[:-1, 1:-1].add(-x).at[1:, 1:-1].add(x)
    return total.at[1:-1, :-1].add(-y).at[1:-1, 1:].add(y)[1:-1, 1:-1]


def flux_lines_2d(p: Array, *, coefficient: Callable[..., Array], faces: Points, points: Points) -> Array:
    """Difference of the fluxes, mapped over the lines of each axis."""

    def along_line(line: Array, a: Array) -> Array:
        return -jnp.diff(a * jnp.diff(line))

    n, m = p.shape[0] - 2, p.shape[1] - 2
    a_x = coefficient(faces(n)[:, None], points(m))
    a_y = coefficient(points(n)[:, None], faces(m))
    return jax.vmap(along_line, 1, 1)(p[:, 1:-1], a_x) + jax.vmap(along_line)(p[1:-1], a_y)


def flux_slices_3d(p: Array, *, coefficient: Callable[..., Array], faces: Points, points: Points) -> Array:
    """Difference of the fluxes through the faces."""
    n = p.shape[0] - 2
    centre, face = points(n), faces(n)
    x = coefficient(face[:, None, None], centre[:, None], centre)
    y = coefficient(centre[:, None, None], face[:, None], centre)
    z = coefficient(centre[:, None, None], centre[:, None], face)
    x = x * (p[1:, 1:-1, 1:-1] - p[:-1, 1:-1, 1:-1])
    y = y * (p[1:-1, 1:, 1:-1] - p[1:-1, :-1, 1:-1])
    z = z * (p[1:-1, 1:-1, 1:] - p[1:-1, 1:-1, :-1])
    return x[:-1] - x[1:] + y[:, :-1] - y[:, 1:] + z[..., :-1] - z[..., 1:]


def flux_diff_3d(p: Array, *, coefficient: Callable[..., Array], faces: Points, points: Points) -> Array:
    """Difference of the fluxes through the faces."""
    n = p.shape[0] - 2
    centre, face = points(n), faces(n)
    x = coefficient(face[:, None, None], centre[:, None], centre) * jnp.diff(p[:, 1:-1, 1:-1], axis=0)
    y = coefficient(centre[:, None, None], face[:, None], centre) * jnp.diff(p[1:-1, :, 1:-1], axis=1)
    z = coefficient(centre[:, None, None], centre[:, None], face) * jnp.diff(p[1:-1, 1:-1], axis=2)
    return -(jnp.diff(x, axis=0) + jnp.diff(y, axis=1) + jnp.diff(z, axis=2))


# Diagonals of the flux operators.


def flux_diagonal_1d(u: Array, *, coefficient: Field, faces: Points, spacing: Callable[[Array], float]) -> Array:
    """Diagonal of the operator: the diffusivities of both faces."""
    a = coefficient(faces(u.shape[0]))
    return (a[:-1] + a[1:]) / spacing(u) ** 2


def flux_diagonal_2d(
    u: Array,
    *,
    coefficient: Callable[..., Array],
    faces: Points,
    points: Points,
    spacing: Callable[[Array], float],
) -> Array:
    """Diagonal of the operator: the diffusivities of the four faces."""
    n, m = u.shape
    x = coefficient(faces(n)[:, None], points(m))
    y = coefficient(points(n)[:, None], faces(m))
    return (x[:-1] + x[1:] + y[:, :-1] + y[:, 1:]) / spacing(u) ** 2


def flux_diagonal_3d(
    u: Array,
    *,
    coefficient: Callable[..., Array],
    faces: Points,
    points: Points,
    spacing: Callable[[Array], float],
) -> Array:
    """Diagonal of the operator: the diffusivities of the six faces."""
    n = u.shape[0]
    centre, face = points(n), faces(n)
    x = coefficient(face[:, None, None], centre[:, None], centre)
    y = coefficient(centre[:, None, None], face[:, None], centre)
    z = coefficient(centre[:, None, None], centre[:, None], face)
    total = x[:-1] + x[1:] + y[:, :-1] + y[:, 1:] + z[..., :-1] + z[..., 1:]
    return total / spacing(u) ** 2


# A non-uniform grid.


def dual_widths(n: int, *, vertices: Points) -> Array:
    """Width of the dual cell around every inner vertex."""
    x = vertices(n)
    return 0.5 * (x[2:] - x[:-2])


def balance_slices(u: Array, *, vertices: Points) -> Array:
    """Balance of the fluxes over the dual cells of a non-uniform grid."""
    flux = jnp.diff(jnp.pad(u, 1)) / jnp.diff(vertices(u.shape[0]))
    return flux[:-1] - flux[1:]


def balance_gather(u: Array, *, vertices: Points) -> Array:
    """Balance of the fluxes over the dual cells of a non-uniform grid."""
    x = vertices(u.shape[0])
    p = jnp.pad(u, 1)
    i = jnp.arange(1, u.shape[0] + 1)
    return (p[i] - p[i - 1]) / (x[i] - x[i - 1]) - (p[i + 1] - p[i]) / (x[i + 1] - x[i])


def balance_matrix(n: int, *, vertices: Points) -> Array:
    """Matrix of the flux balance on a non-uniform grid."""
    gradient = jnp.diff(jnp.eye(n + 2)[:, 1:-1], axis=0)
    return gradient.T @ (gradient / jnp.diff(vertices(n))[:, None])


def balanced_load(f: Array, *, widths: Points) -> Array:
    """Right-hand side integrated over the dual cells."""
    return f * widths(f.shape[0])


# Nine-point stencils and bilinear elements.


def nine_point_slices(p: Array, *, centre: float, side: float, corner: float) -> Array:
    """Nine-point stencil by slices."""
    sides = p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:]
    corners = p[:-2, :-2] + p[:-2, 2:] + p[2:, :-2] + p[2:, 2:]
    return centre * p[1:-1, 1:-1] + side * sides + corner * corners


def nine_point_convolution(p: Array, *, centre: float, side: float, corner: float) -> Array:
    """Nine-point stencil as a convolution."""
    edge = jnp.array([corner, side, corner])
    kernel = jnp.stack([edge, jnp.array([side, centre, side]), edge])
    return lax.conv(p[None, None], kernel[None, None], (1, 1), "VALID")[0, 0]


def nine_point_rolls(p: Array, *, centre: float, side: float, corner: float) -> Array:
    """Nine-point stencil by rolling, first the rows, then the columns."""
    rows = jnp.roll(p, 1, 0) + jnp.roll(p, -1, 0)
    sides = rows + jnp.roll(p, 1, 1) + jnp.roll(p, -1, 1)
    corners = jnp.roll(rows, 1, 1) + jnp.roll(rows, -1, 1)
    return (centre * p + side * sides + corner * corners)[1:-1, 1:-1]


def element_scatter_2d(p: Array) -> Array:
    """Stiffness of bilinear elements, gathered from and added to their four corners."""
    corners = jnp.stack([p[:-1, :-1], p[1:, :-1], p[1:, 1:], p[:-1, 1:]])
    stiffness = jnp.array(
        [[4.0, -1.0, -2.0, -1.0], [-1.0, 4.0, -1.0, -2.0], [-2.0, -1.0, 4.0, -1.0], [-1.0, -2.0, -1.0, 4.0]]
    )
    forces = jnp.einsum("ab,bij->aij", stiffness / 6.0, corners)
    total = jnp.zeros_like(p).at[:-1, :-1].add(forces[0]).at[1:, :-1].add(forces[1])
    return total.at[1:, 1:].add(forces[2]).at[:-1, 1:].add(forces[3])[1:-1, 1:-1]


def variable_elements_2d(p: Array, *, coefficient: Callable[..., Array], centres: Points) -> Array:
    """Stiffness of bilinear elements with the diffusivity at their centres."""
    n = p.shape[0] - 2
    a = coefficient(centres(n)[:, None], centres(n))
    corners = jnp.stack([p[:-1, :-1], p[1:, :-1], p[1:, 1:], p[:-1, 1:]])
    stiffness = jnp.array(
        [[4.0, -1.0, -2.0, -1.0], [-1.0, 4.0, -1.0, -2.0], [-2.0, -1.0, 4.0, -1.0], [-1.0, -2.0, -1.0, 4.0]]
    )
    forces = a * jnp.einsum("ab,bij->aij", stiffness / 6.0, corners)
    total = jnp.zeros_like(p).at[:-1, :-1].add(forces[0]).at[1:, :-1].add(forces[1])
    return total.at[1:, 1:].add(forces[2]).at[:-1, 1:].add(forces[3])[1:-1, 1:-1]


def load_1d(f: Array) -> Array:
    """Consistent load of linear elements, from f at all vertices."""
    return (f[:-2] + 4.0 * f[1:-1] + f[2:]) / 6.0


def load_2d(f: Array) -> Array:
    """Consistent load of bilinear elements, from f at all vertices."""
    rows = (f[:-2] + 4.0 * f[1:-1] + f[2:]) / 6.0
    return (rows[:, :-2] + 4.0 * rows[:, 1:-1] + rows[:, 2:]) / 6.0


def compact_load_1d(f: Array) -> Array:
    """Fourth-order compact right-hand side, from f at all vertices."""
    return (f[:-2] + 10.0 * f[1:-1] + f[2:]) / 12.0


def compact_load_2d(f: Array) -> Array:
    """Fourth-order compact right-hand side, from f at all vertices."""
    sides = f[:-2, 1:-1] + f[2:, 1:-1] + f[1:-1, :-2] + f[1:-1, 2:]
    return (8.0 * f[1:-1, 1:-1] + sides) / 12.0


def compact_load_3d(f: Array) -> Array:
    """Fourth-order compact right-hand side, from f at all vertices."""
    total = 6.0 * f[1:-1, 1:-1, 1:-1] + f[:-2, 1:-1, 1:-1] + f[2:, 1:-1, 1:-1]
    total = total + f[1:-1, :-2, 1:-1] + f[1:-1, 2:, 1:-1]
    return (total + f[1:-1, 1:-1, :-2] + f[1:-1, 1:-1, 2:]) / 12.0


def nineteen_point_slices(p: Array) -> Array:
    """Nineteen-point compact stencil by slices of sums over neighbours."""
    x, y, z = p[:-2] + p[2:], p[:, :-2] + p[:, 2:], p[..., :-2] + p[..., 2:]
    sides = x[:, 1:-1, 1:-1] + y[1:-1, :, 1:-1] + z[1:-1, 1:-1]
    edges = x[:, :-2, 1:-1] + x[:, 2:, 1:-1] + x[:, 1:-1, :-2] + x[:, 1:-1, 2:]
    edges = edges + y[1:-1, :, :-2] + y[1:-1, :, 2:]
    return (24.0 * p[1:-1, 1:-1, 1:-1] - 2.0 * sides - edges) / 6.0


def nineteen_point_convolution(p: Array) -> Array:
    """Nineteen-point compact stencil as a convolution."""
    side = jnp.array([[0.0, -1.0, 0.0], [-1.0, -2.0, -1.0], [0.0, -1.0, 0.0]])
    middle = jnp.array([[-1.0, -2.0, -1.0], [-2.0, 24.0, -2.0], [-1.0, -2.0, -1.0]])
    kernel = jnp.stack([side, middle, side]) / 6.0
    return lax.conv(p[None, None], kernel[None, None], (1, 1, 1), "VALID")[0, 0]


def periodic_load(f: Array) -> Array:
    """Fourth-order compact right-hand side on a period."""
    total = (12.0 - 2.0 * f.ndim) * f
    for axis in range(f.ndim):
        total = total + jnp.roll(f, 1, axis) + jnp.roll(f, -1, axis)
    return total / 12.0


# Wide fourth-order differences on a period, from values with two ghosts.


def double_wrap(u: Array) -> Array:
    """Two values from the other end of the period on every side."""
    return jnp.pad(u, 2, mode="wrap")


def wide_slices_1d(p: Array) -> Array:
    """Fourth-order five-point difference by slices."""
    near = p[1:-3] + p[3:-1]
    return (30.0 * p[2:-2] - 16.0 * near + p[:-4] + p[4:]) / 12.0


def wide_slices_2d(p: Array) -> Array:
    """Fourth-order nine-point cross by slices."""
    rows, columns = p[:, 2:-2], p[2:-2]
    near = rows[1:-3] + rows[3:-1] + columns[:, 1:-3] + columns[:, 3:-1]
    far = rows[:-4] + rows[4:] + columns[:, :-4] + columns[:, 4:]
    return (60.0 * p[2:-2, 2:-2] - 16.0 * near + far) / 12.0


def wide_convolution_1d(p: Array) -> Array:
    """Fourth-order five-point difference as a convolution."""
    return jnp.convolve(p, jnp.array([1.0, -16.0, 30.0, -16.0, 1.0]) / 12.0, mode="valid")


def wide_lines_2d(p: Array, *, along_line: Field) -> Array:
    """Fourth-order nine-point cross by mapping the difference of a line."""
    x = jax.vmap(along_line, in_axes=1, out_axes=1)(p[:, 2:-2])
    return x + jax.vmap(along_line)(p[2:-2])


def wide_rolls(u: Array, *, spacing: Callable[[Array], float]) -> Array:
    """Fourth-order minus Laplacian on a period, by rolling along every axis."""
    total = jnp.zeros_like(u)
    for axis in range(u.ndim):
        near = jnp.roll(u, 1, axis) + jnp.roll(u, -1, axis)
        far = jnp.roll(u, 2, axis) + jnp.roll(u, -2, axis)
        total = total + 30.0 * u - 16.0 * near + far
    return total / (12.0 * spacing(u) ** 2)


def wide_periodic_matrix(n: int) -> Array:
    """Fourth-order matrix of minus the second derivative on a period."""
    identity = jnp.eye(n)
    near = jnp.roll(identity, 1, 0) + jnp.roll(identity, -1, 0)
    far = jnp.roll(identity, 2, 0) + jnp.roll(identity, -2, 0)
    return (30.0 * identity - 16.0 * near + far) * n**2 / 12.0


def wide_closed_matrix(n: int) -> Array:
    """Fourth-order matrix on all vertices, one-sided next to the ends; rows of inner vertices."""
    weights = (1.0, -16.0, 30.0, -16.0, 1.0)
    matrix = jnp.zeros((n + 2, n + 2))
    for k, weight in enumerate(weights):
        matrix = matrix + weight * jnp.eye(n + 2, k=k - 2)
    first = jnp.zeros(n + 2).at[:6].set(jnp.array([-10.0, 15.0, 4.0, -14.0, 6.0, -1.0]))
    return matrix.at[1].set(first).at[-2].set(first[::-1])[1:-1] * (n + 1) ** 2 / 12.0


def wide_dirichlet_matrix(n: int, *, closed_matrix: Points) -> Array:
    """Fourth-order matrix of minus the second derivative, zero at both ends."""
    return closed_matrix(n)[:, 1:-1]


def wide_ends_1d(u: Array) -> Array:
    """Fourth-order minus second derivative, one-sided next to the ends where u is zero."""
    p = jnp.pad(u, 1)
    inner = 30.0 * p[2:-2] - 16.0 * (p[1:-3] + p[3:-1]) + p[:-4] + p[4:]
    weights = jnp.array([-10.0, 15.0, 4.0, -14.0, 6.0, -1.0])
    first, last = weights @ p[:6], weights @ p[:-7:-1]
    scale = (u.shape[0] + 1) ** 2 / 12.0
    return scale * jnp.concatenate([first[None], inner, last[None]])


def wide_ends_lines(u: Array, *, along_line: Field) -> Array:
    """Fourth-order minus Laplacian by mapping the derivative of a line."""
    return jax.vmap(along_line, in_axes=1, out_axes=1)(u) + jax.vmap(along_line)(u)
