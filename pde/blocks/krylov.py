"""Krylov methods as a start and a step on a state whose first two members are the solution and its residual.

Steepest descent, conjugate gradients and their preconditioned form: Hestenes and Stiefel 1952; Saad,
Iterative Methods for Sparse Linear Systems, 2003, algorithms 5.2, 6.18, 9.1. Conjugate residuals minimise
the residual as MINRES does: Saad, algorithm 6.20. BiCGStab: van der Vorst 1992. BiCGStab(2): Sleijpen and
Fokkema 1993. GMRES: Saad and Schultz 1986, here with classical Gram-Schmidt applied twice. A step whose
denominator has vanished leaves the solution as it is, so that loops of a fixed length may run past convergence.
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.sparse.linalg import bicgstab, cg, gmres

from pde.blocks import members
from pde.blocks.batching import as_it_stands, rebound, single_only

Field = Callable[[Array], Array]
Binary = Callable[[Array, Array], Array]
State = tuple[Array, ...]


@as_it_stands
def quotient(top: Array, bottom: Array) -> Array:
    """The quotient, zero where the divisor has vanished."""
    return jnp.where(bottom == 0.0, 0.0, top / jnp.where(bottom == 0.0, 1.0, bottom))


@as_it_stands
def descent_start(f: Array) -> State:
    """Zero solution and its residual."""
    return jnp.zeros_like(f), f


@rebound("One step of steepest descent for every member.", inner=members.inner)
def descent_step(state: State, *, apply_operator: Field, ratio: Binary, inner: Binary = jnp.vdot) -> State:
    """One step of steepest descent."""
    u, residual = state
    image = apply_operator(residual)
    length = ratio(inner(residual, residual), inner(residual, image))
    return u + length * residual, residual - length * image


@rebound("Zero solutions, their residuals, the first directions, squared norms of the residuals.", inner=members.inner)
def conjugate_start(f: Array, *, inner: Binary = jnp.vdot) -> State:
    """Zero solution, its residual, the first direction, squared norm of the residual."""
    return jnp.zeros_like(f), f, f, inner(f, f)


@rebound("One step of conjugate gradients for every member.", inner=members.inner)
def conjugate_step(state: State, *, apply_operator: Field, ratio: Binary, inner: Binary = jnp.vdot) -> State:
    """One step of conjugate gradients."""
    u, residual, direction, square = state
    image = apply_operator(direction)
    length = ratio(square, inner(direction, image))
    u = u + length * direction
    residual = residual - length * image
    square_next = inner(residual, residual)
    return u, residual, residual + ratio(square_next, square) * direction, square_next


@rebound(
    "Zero solutions, their residuals, the first directions, preconditioned squares of the residuals.",
    inner=members.inner,
)
def preconditioned_start(f: Array, *, precondition: Field, inner: Binary = jnp.vdot) -> State:
    """Zero solution, its residual, the first direction, preconditioned square of the residual."""
    direction = precondition(f)
    return jnp.zeros_like(f), f, direction, inner(f, direction)


@rebound("One step of preconditioned conjugate gradients for every member.", inner=members.inner)
def preconditioned_step(
    state: State, *, apply_operator: Field, precondition: Field, ratio: Binary, inner: Binary = jnp.vdot
) -> State:
    """One step of preconditioned conjugate gradients."""
    u, residual, direction, square = state
    image = apply_operator(direction)
    length = ratio(square, inner(direction, image))
    u = u + length * direction
    residual = residual - length * image
    correction = precondition(residual)
    square_next = inner(residual, correction)
    return u, residual, correction + ratio(square_next, square) * direction, square_next


@rebound("Zero solutions, their residuals, the first directions, images of both, their products.", inner=members.inner)
def minimal_start(f: Array, *, apply_operator: Field, inner: Binary = jnp.vdot) -> State:
    """Zero solution, its residual, the first direction, images of both, their product."""
    image = apply_operator(f)
    return jnp.zeros_like(f), f, f, image, inner(f, image)


@rebound("One step of conjugate residuals for every member.", inner=members.inner)
def minimal_step(state: State, *, apply_operator: Field, ratio: Binary, inner: Binary = jnp.vdot) -> State:
    """One step of conjugate residuals, which minimise the residual's norm."""
    u, residual, direction, image, product = state
    length = ratio(product, inner(image, image))
    u = u + length * direction
    residual = residual - length * image
    residual_image = apply_operator(residual)
    product_next = inner(residual, residual_image)
    factor = ratio(product_next, product)
    return u, residual, residual + factor * direction, residual_image + factor * image, product_next


@rebound(
    "Zero solutions, their residuals, the shadow residuals, the first directions, their products.", inner=members.inner
)
def stabilised_start(f: Array, *, inner: Binary = jnp.vdot) -> State:
    """Zero solution, its residual, the shadow residual, the first direction, their product."""
    return jnp.zeros_like(f), f, f, f, inner(f, f)


@rebound("One step of BiCGStab for every member.", inner=members.inner)
def stabilised_step(state: State, *, apply_operator: Field, ratio: Binary, inner: Binary = jnp.vdot) -> State:
    """One step of BiCGStab."""
    u, residual, shadow, direction, product = state
    image = apply_operator(direction)
    alpha = ratio(product, inner(shadow, image))
    middle = residual - alpha * image
    middle_image = apply_operator(middle)
    omega = ratio(inner(middle_image, middle), inner(middle_image, middle_image))
    u = u + alpha * direction + omega * middle
    residual = middle - omega * middle_image
    product_next = inner(shadow, residual)
    beta = ratio(product_next * alpha, product * omega)
    return u, residual, shadow, residual + beta * (direction - omega * image), product_next


@rebound("One step of BiCGStab(2) for every member.", inner=members.inner)
def twice_stabilised_step(state: State, *, apply_operator: Field, ratio: Binary, inner: Binary = jnp.vdot) -> State:
    """One step of BiCGStab(2): two of bi-conjugate gradients, then the least residual over two images of it.

    Where rounding is all that is left for the second, as where the first has solved the system, the method starts anew.
    """
    u, residual, shadow, direction, product = state
    image = apply_operator(direction)
    alpha = ratio(product, inner(shadow, image))
    u = u + alpha * direction
    residual = residual - alpha * image
    first = apply_operator(residual)
    product_middle = inner(shadow, first)
    beta = ratio(product_middle * alpha, product)
    direction = residual - beta * direction
    image = first - beta * image
    image_twice = apply_operator(image)
    slope = inner(shadow, image_twice)
    size = jnp.sqrt(inner(shadow, shadow) * inner(image_twice, image_twice))
    sound = jnp.abs(slope) > jnp.finfo(u.dtype).eps * size
    alpha = jnp.where(sound, ratio(product_middle, slope), 0.0)
    u = u + alpha * direction
    residual = residual - alpha * image
    first = first - alpha * image_twice
    second = apply_operator(first)
    overlap = ratio(inner(first, second), inner(first, first))
    across = second - overlap * first
    omega_twice = ratio(inner(across, residual), inner(across, across))
    omega = ratio(inner(first, residual), inner(first, first)) - overlap * omega_twice
    u = u + omega * residual + omega_twice * first
    residual = residual - omega * first - omega_twice * second
    shadow = jnp.where(sound, shadow, residual)
    product_next = inner(shadow, residual)
    beta = ratio(product_next * alpha, product_middle * omega_twice)
    direction = residual + beta * (direction - omega * image - omega_twice * image_twice)
    return u, residual, shadow, direction, product_next


@single_only
def arnoldi_start(f: Array) -> State:
    """Zero solution and its residual."""
    return jnp.zeros_like(f), f


@single_only
def arnoldi_step(state: State, *, apply_operator: Field, ratio: Callable[[Array, Array], Array], restart: int) -> State:
    """One restart of GMRES: an orthonormal basis, then a least-squares problem."""
    u, residual = state
    size = jnp.linalg.norm(residual)
    first = ratio(residual, size).ravel()
    basis = jnp.zeros((restart + 1, first.size)).at[0].set(first)

    def extend(basis: Array, k: Array) -> tuple[Array, Array]:
        image = apply_operator(basis[k].reshape(u.shape)).ravel()
        column = basis @ image
        rest = image - column @ basis
        correction = basis @ rest
        rest = rest - correction @ basis
        height = jnp.linalg.norm(rest)
        column = (column + correction).at[k + 1].add(height)
        return basis.at[k + 1].set(ratio(rest, height)), column

    basis, columns = lax.scan(extend, basis, jnp.arange(restart))
    weights = jnp.linalg.lstsq(columns.T, jnp.zeros(restart + 1).at[0].set(size))[0]
    u = u + (weights @ basis[:-1]).reshape(u.shape)
    residual = residual - apply_operator((weights @ basis[:-1]).reshape(u.shape))
    return u, residual


# Loops around a step. Those of fixed length leave a finished solution alone: past convergence the quotients
# of rounding errors would drive it away again.


def advance_fori(
    f: Array,
    *,
    start: Callable[[Array], State],
    step: Callable[[State], State],
    tolerance: float,
    iterations: int,
) -> Array:
    """Solution after at most a fixed number of steps from zero."""
    target = tolerance * jnp.linalg.norm(f)

    def advance(_: Array, state: State) -> State:
        return lax.cond(jnp.linalg.norm(state[1]) > target, step, lambda same: same, state)

    return lax.fori_loop(0, iterations, advance, start(f))[0]


def advance_scan(
    f: Array,
    *,
    start: Callable[[Array], State],
    step: Callable[[State], State],
    tolerance: float,
    iterations: int,
) -> Array:
    """Solution after at most a fixed number of steps from zero."""
    target = tolerance * jnp.linalg.norm(f)

    def advance(state: State, _: None) -> tuple[State, None]:
        unfinished = jnp.linalg.norm(state[1]) > target
        return lax.cond(unfinished, step, lambda same: same, state), None

    state, _ = lax.scan(advance, start(f), None, length=iterations)
    return state[0]


def advance_recorded(
    f: Array,
    *,
    start: Callable[[Array], State],
    step: Callable[[State], State],
    tolerance: float,
    iterations: int,
) -> tuple[Array, Array]:
    """Solution after at most a fixed number of steps, and the norm of the residual after each."""
    target = tolerance * jnp.linalg.norm(f)

    def advance(state: State, _: None) -> tuple[State, Array]:
        state = lax.cond(jnp.linalg.norm(state[1]) > target, step, lambda same: same, state)
        return state, jnp.linalg.norm(state[1])

    state, norms = lax.scan(advance, start(f), None, length=iterations)
    return state[0], norms


def advance_while(
    f: Array, *, start: Callable[[Array], State], step: Callable[[State], State], tolerance: float, limit: int
) -> tuple[Array, Array]:
    """Solution to a relative residual, and the number of steps it took."""
    target = tolerance * jnp.linalg.norm(f)

    def unfinished(progress: tuple[State, Array]) -> Array:
        state, count = progress
        return (jnp.linalg.norm(state[1]) > target) & (count < limit)

    def advance(progress: tuple[State, Array]) -> tuple[State, Array]:
        state, count = progress
        return step(state), count + 1

    state, count = lax.while_loop(unfinished, advance, (start(f), jnp.asarray(0)))
    return state[0], count


@as_it_stands
def advance_unrolled(
    f: Array, *, start: Callable[[Array], State], step: Callable[[State], State], iterations: int
) -> Array:
    """Solution after a few steps from zero."""
    state = start(f)
    for _ in range(iterations):
        state = step(state)
    return state[0]


# Preconditioners.


@as_it_stands
def divide_by_diagonal(residual: Array, *, diagonal: Field) -> Array:
    """Jacobi's preconditioner."""
    return residual / diagonal(residual)


@as_it_stands
def sweep_once(residual: Array, *, sweep: Callable[[Array, Array], Array]) -> Array:
    """One sweep or cycle from zero as a preconditioner."""
    return sweep(jnp.zeros_like(residual), residual)


# JAX's own.


@single_only
def library_cg(f: Array, *, apply_operator: Field, tolerance: float, limit: int) -> Array:
    """Conjugate gradients of jax.scipy."""
    return cg(apply_operator, f, tol=tolerance, maxiter=limit)[0]


@single_only
def library_bicgstab(f: Array, *, apply_operator: Field, tolerance: float, limit: int) -> Array:
    """BiCGStab of jax.scipy."""
    return bicgstab(apply_operator, f, tol=tolerance, maxiter=limit)[0]


@single_only
def library_gmres(f: Array, *, apply_operator: Field, tolerance: float, restart: int, limit: int) -> Array:
    """GMRES of jax.scipy."""
    return gmres(apply_operator, f, tol=tolerance, restart=restart, maxiter=limit, solve_method="incremental")[0]


@single_only
def library_pcg(f: Array, *, apply_operator: Field, precondition: Field, tolerance: float, limit: int) -> Array:
    """Preconditioned conjugate gradients of jax.scipy."""
    return cg(apply_operator, f, tol=tolerance, maxiter=limit, M=precondition)[0]
