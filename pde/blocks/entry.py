"""Entry functions: boundary data, zero means, batches, residuals and gradients around a solver."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax

from pde.blocks.batching import as_it_stands, single_only

Field = Callable[[Array], Array]


@as_it_stands
def solve_with_load(f: Array, *, load: Field, solve_system: Callable[[Array], Array]) -> Array:
    """Solution for f sampled where the scheme wants it."""
    return solve_system(load(f))


def solve_zero_mean(f: Array, *, solve_system: Callable[[Array], Array]) -> Array:
    """Solution of zero mean for the compatible part of f."""
    u = solve_system(f - jnp.mean(f))
    return u - jnp.mean(u)


def solve_zero_mean_recorded(f: Array, *, solve_system: Callable[[Array], tuple[Array, Array]]) -> tuple[Array, Array]:
    """Solution of zero mean for the compatible part of f, and the record of the iteration."""
    u, record = solve_system(f - jnp.mean(f))
    return u - jnp.mean(u), record


@single_only
def first_of_pair(f: Array, *, solve_and_count: Callable[[Array], tuple[Array, Array]]) -> Array:
    """Solution without the count of iterations."""
    return solve_and_count(f)[0]


# Boundary data in the right-hand side.


@single_only
def lifted_load(f: Array, boundary: Array, *, difference: Field, spacing: Callable[[Array], float]) -> Array:
    """Right-hand side with the boundary values moved over; they stand on the rim of a padded array."""
    return f - difference(boundary) / spacing(f) ** 2


@single_only
def lifted_after(f: Array, boundary: Array, *, plain_load: Field, lift: Callable[[Array, Array], Array]) -> Array:
    """Load of f with the boundary values moved over."""
    return lift(plain_load(f), boundary)


@single_only
def sides_load_1d(f: Array, sides: Array, *, gain: Callable[[Array], Array]) -> Array:
    """Right-hand side with the data of both ends added to the outer cells."""
    return f.at[0].add(gain(f) * sides[0]).at[-1].add(gain(f) * sides[1])


@single_only
def sides_load_2d(f: Array, x_sides: Array, y_sides: Array, *, gain: Callable[[Array], Array]) -> Array:
    """Right-hand side with the data of the four sides added to the outer cells."""
    factor = gain(f)
    f = f.at[0].add(factor * x_sides[0]).at[-1].add(factor * x_sides[1])
    return f.at[:, 0].add(factor * y_sides[0]).at[:, -1].add(factor * y_sides[1])


@single_only
def sides_load_3d(f: Array, x_sides: Array, y_sides: Array, z_sides: Array, *, gain: Callable[[Array], Array]) -> Array:
    """Right-hand side with the data of the six sides added to the outer cells."""
    factor = gain(f)
    f = f.at[0].add(factor * x_sides[0]).at[-1].add(factor * x_sides[1])
    f = f.at[:, 0].add(factor * y_sides[0]).at[:, -1].add(factor * y_sides[1])
    return f.at[..., 0].add(factor * z_sides[0]).at[..., -1].add(factor * z_sides[1])


@single_only
def dirichlet_gain(f: Array) -> float:
    """Weight of a value on the outer face."""
    return 2.0 * f.shape[0] ** 2


@single_only
def neumann_gain(f: Array) -> float:
    """Weight of a flux through the outer face."""
    return 1.0 * f.shape[0]


@single_only
def robin_gain(f: Array, *, rate: float) -> float:
    """Weight of the value of du/dn + rate * u on the outer face."""
    n = f.shape[0]
    return 2.0 * n / (2.0 + rate / n)


@single_only
def solve_boundary_1(f: Array, boundary: Array, *, load: Callable[..., Array], solve_system: Field) -> Array:
    """Solution with data on the boundary."""
    return solve_system(load(f, boundary))


@single_only
def solve_boundary_2(
    f: Array, x_sides: Array, y_sides: Array, *, load: Callable[..., Array], solve_system: Field
) -> Array:
    """Solution with data on the sides."""
    return solve_system(load(f, x_sides, y_sides))


@single_only
def solve_sides_1(f: Array, sides: Array, *, load: Callable[..., Array], solve_system: Field) -> Array:
    """Solution with data at both ends."""
    return solve_system(load(f, sides))


@single_only
def solve_boundary_3(
    f: Array,
    x_sides: Array,
    y_sides: Array,
    z_sides: Array,
    *,
    load: Callable[..., Array],
    solve_system: Field,
) -> Array:
    """Solution with data on the six sides."""
    return solve_system(load(f, x_sides, y_sides, z_sides))


# Batches.


@single_only
def batched(f: Array, *, solve_one: Field) -> Array:
    """Solutions for a batch of right-hand sides."""
    return jax.vmap(solve_one)(f)


@single_only
def mapped(f: Array, *, solve_one: Field) -> Array:
    """Solutions for a batch of right-hand sides, one after another."""
    return lax.map(solve_one, f)


# Precision.


@single_only
def solve_in_double(f: Array, *, compute: Field) -> Array:
    """Solution computed in 64 bits and returned in the precision of f."""
    with jax.enable_x64(True):
        u = compute(f.astype(jnp.float64))
    return u.astype(f.dtype)


@single_only
def solve_in_double_recorded(f: Array, *, compute: Callable[[Array], tuple[Array, Array]]) -> tuple[Array, Array]:
    """Solution computed in 64 bits and returned in the precision of f, and the iterations it took."""
    with jax.enable_x64(True):
        u, count = compute(f.astype(jnp.float64))
        count = count.astype(jnp.int32)
    return u.astype(f.dtype), count


@single_only
def operator_in_double(u: Array, f: Array, *, compute: Callable[[Array, Array], Array]) -> Array:
    """Property of u for the right-hand side f, computed in 64 bits and returned in the precision of f."""
    with jax.enable_x64(True):
        found = compute(u.astype(jnp.float64), f.astype(jnp.float64))
    return found.astype(f.dtype)


@single_only
def gradient_in_double(f: Array, target: Array, *, compute: Callable[[Array, Array], Array]) -> Array:
    """Gradient of the misfit, computed in 64 bits and returned in the precision of f."""
    with jax.enable_x64(True):
        gradient = compute(f.astype(jnp.float64), target.astype(jnp.float64))
    return gradient.astype(f.dtype)


# Uses.


@single_only
def residual(u: Array, f: Array, *, apply_operator: Field) -> Array:
    """Residual of the discrete equation."""
    return f - apply_operator(u)


@single_only
def relative_residual(u: Array, f: Array, *, apply_operator: Field) -> Array:
    """Norm of the residual relative to the right-hand side."""
    return jnp.linalg.norm(f - apply_operator(u)) / jnp.linalg.norm(f)


@single_only
def energy(u: Array, f: Array, *, apply_operator: Field) -> Array:
    """Energy that the discrete solution minimises, a mean over the points."""
    return jnp.mean(0.5 * u * apply_operator(u) - u * f)


@single_only
def misfit_gradient(f: Array, target: Array, *, solve_system: Field) -> Array:
    """Gradient of half the squared misfit of the solution with respect to f, through the solver."""

    def misfit(source: Array) -> Array:
        return 0.5 * jnp.sum((solve_system(source) - target) ** 2)

    return jax.grad(misfit)(f)


@single_only
def misfit_value_and_gradient(f: Array, target: Array, *, solve_system: Field) -> tuple[Array, Array]:
    """Half the squared misfit of the solution and its gradient with respect to f, through the solver."""

    def misfit(source: Array) -> Array:
        return 0.5 * jnp.sum((solve_system(source) - target) ** 2)

    return jax.value_and_grad(misfit)(f)


@single_only
def implicit_solve(f: Array, *, apply_operator: Field, solve_forward: Field) -> Array:
    """Solution whose derivatives solve the same symmetric system."""
    solve = jax.jit(solve_forward)
    return lax.custom_linear_solve(apply_operator, f, lambda _, right: solve(right), symmetric=True)


@single_only
def adjoint_gradient(f: Array, target: Array, *, solve_system: Field) -> Array:
    """Gradient of half the squared misfit with respect to f, by the adjoint equation."""
    solve = jax.jit(solve_system)
    return solve(solve(f) - target)
