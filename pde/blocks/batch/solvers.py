"""Blocks of solvers written for a batch: axis 0 counts the right-hand sides, space begins at axis 1.

Each has the name and the formula of the block that it stands for (`pde.family.lift`). What is the same for all members,
a matrix with its factors, is made once. Every member keeps scalars of its own, in arrays of shape (batch, 1, ...), and
a finished member stays as it is while others go on.
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax
from jax.scipy.linalg import cho_factor, cho_solve, lu_factor, lu_solve, solve_triangular

Field = Callable[[Array], Array]
Inner = Callable[[Array, Array], Array]
Matrix = Callable[[int], Array]
Spectrum = Callable[[int], Array]
Step = Callable[[Array, Array], Array]
State = tuple[Array, ...]
Bands = Callable[[Array], tuple[Array, Array, Array]]


def inner(a: Array, b: Array) -> Array:
    """Inner product of every member of a batch."""
    return jnp.sum(a * b, axis=tuple(range(1, a.ndim)), keepdims=True)


def norm(a: Array) -> Array:
    """Norm of every member of a batch."""
    return jnp.sqrt(jnp.sum(a**2, axis=tuple(range(1, a.ndim)), keepdims=True))


# Zero means.


def solve_zero_mean(f: Array, *, solve_system: Field) -> Array:
    """Solutions of zero mean for the compatible part of every right-hand side."""
    space = tuple(range(1, f.ndim))
    u = solve_system(f - jnp.mean(f, axis=space, keepdims=True))
    return u - jnp.mean(u, axis=space, keepdims=True)


def solve_zero_mean_recorded(f: Array, *, solve_system: Callable[[Array], tuple[Array, Array]]) -> tuple[Array, Array]:
    """Solutions of zero mean for the compatible part of every right-hand side, and their records."""
    space = tuple(range(1, f.ndim))
    u, record = solve_system(f - jnp.mean(f, axis=space, keepdims=True))
    return u - jnp.mean(u, axis=space, keepdims=True), record


# Relaxation.


def checkerboard_1d(u: Array) -> Array:
    """True at the points of even index."""
    return jnp.arange(u.shape[1]) % 2 == 0


def checkerboard_2d(u: Array) -> Array:
    """True at the points whose indices have an even sum."""
    return (jnp.arange(u.shape[1])[:, None] + jnp.arange(u.shape[2])) % 2 == 0


def checkerboard_3d(u: Array) -> Array:
    """True at the points whose indices have an even sum."""
    i, j, k = jnp.indices(u.shape[1:])
    return (i + j + k) % 2 == 0


def lexicographic_sweep_1d(u: Array, f: Array, *, spacing: Callable[[Array], float], relaxation: float) -> Array:
    """One sweep from left to right over all members at once, each point from its newest neighbours."""
    right = jnp.pad(u[:, 1:], ((0, 0), (0, 1)))

    def relax(left: Array, point: tuple[Array, Array, Array]) -> tuple[Array, Array]:
        old, after, load = point
        new = old + relaxation * (0.5 * (left + after + load) - old)
        return new, new

    columns = (u.T, right.T, f.T * spacing(u) ** 2)
    return lax.scan(relax, jnp.zeros_like(u[:, 0]), columns)[1].T


def repeat_recorded(f: Array, *, sweep: Step, apply_operator: Field, norm: Field, iterations: int) -> State:
    """Solutions after a fixed number of sweeps, and the norms of every member's residuals."""

    def advance(u: Array, _: None) -> tuple[Array, Array]:
        u = sweep(u, f)
        return u, norm(f - apply_operator(u)).ravel()

    u, norms = lax.scan(advance, jnp.zeros_like(f), None, length=iterations)
    return u, norms.T


def repeat_while(f: Array, *, sweep: Step, apply_operator: Field, norm: Field, tolerance: float, limit: int) -> State:
    """Solutions to a relative residual, and the number of sweeps that every member took."""
    target = tolerance * norm(f)

    def unfinished(state: State) -> Array:
        _, residual, count = state
        return (norm(residual) > target) & (count < limit)

    def advance(state: State) -> State:
        u, residual, count = state
        active = unfinished(state)
        u = jnp.where(active, sweep(u, f), u)
        return u, jnp.where(active, f - apply_operator(u), residual), count + active

    start = jnp.zeros_like(f), f, jnp.zeros_like(target, dtype=int)
    u, _, count = lax.while_loop(lambda state: jnp.any(unfinished(state)), advance, start)
    return u, count.ravel()


# Iterations as a start and a step.


def chebyshev_start(f: Array, *, lowest: float, highest: float) -> State:
    """Zero solutions, their residuals, the first directions and coefficients."""
    middle, half = 0.5 * (highest + lowest), 0.5 * (highest - lowest)
    return jnp.zeros_like(f), f, f / middle, jnp.full((f.shape[0],) + (1,) * (f.ndim - 1), half / middle)


def descent_step(state: State, *, apply_operator: Field, ratio: Inner, inner: Inner) -> State:
    """One step of steepest descent for every member."""
    u, residual = state
    image = apply_operator(residual)
    length = ratio(inner(residual, residual), inner(residual, image))
    return u + length * residual, residual - length * image


def conjugate_start(f: Array, *, inner: Inner) -> State:
    """Zero solutions, their residuals, the first directions, squared norms of the residuals."""
    return jnp.zeros_like(f), f, f, inner(f, f)


def conjugate_step(state: State, *, apply_operator: Field, ratio: Inner, inner: Inner) -> State:
    """One step of conjugate gradients for every member."""
    u, residual, direction, square = state
    image = apply_operator(direction)
    length = ratio(square, inner(direction, image))
    u = u + length * direction
    residual = residual - length * image
    square_next = inner(residual, residual)
    return u, residual, residual + ratio(square_next, square) * direction, square_next


def preconditioned_start(f: Array, *, precondition: Field, inner: Inner) -> State:
    """Zero solutions, their residuals, the first directions, preconditioned squares of the residuals."""
    direction = precondition(f)
    return jnp.zeros_like(f), f, direction, inner(f, direction)


def preconditioned_step(
    state: State, *, apply_operator: Field, precondition: Field, ratio: Inner, inner: Inner
) -> State:
    """One step of preconditioned conjugate gradients for every member."""
    u, residual, direction, square = state
    image = apply_operator(direction)
    length = ratio(square, inner(direction, image))
    u = u + length * direction
    residual = residual - length * image
    correction = precondition(residual)
    square_next = inner(residual, correction)
    return u, residual, correction + ratio(square_next, square) * direction, square_next


def minimal_start(f: Array, *, apply_operator: Field, inner: Inner) -> State:
    """Zero solutions, their residuals, the first directions, images of both, their products."""
    image = apply_operator(f)
    return jnp.zeros_like(f), f, f, image, inner(f, image)


def minimal_step(state: State, *, apply_operator: Field, ratio: Inner, inner: Inner) -> State:
    """One step of conjugate residuals for every member."""
    u, residual, direction, image, product = state
    length = ratio(product, inner(image, image))
    u = u + length * direction
    residual = residual - length * image
    residual_image = apply_operator(residual)
    product_next = inner(residual, residual_image)
    factor = ratio(product_next, product)
    return u, residual, residual + factor * direction, residual_image + factor * image, product_next


def stabilised_start(f: Array, *, inner: Inner) -> State:
    """Zero solutions, their residuals, the shadow residuals, the first directions, their products."""
    return jnp.zeros_like(f), f, f, f, inner(f, f)


def stabilised_step(state: State, *, apply_operator: Field, ratio: Inner, inner: Inner) -> State:
    """One step of BiCGStab for every member."""
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


# Loops around a step.


def advance_fori(
    f: Array,
    *,
    start: Callable[[Array], State],
    step: Callable[[State], State],
    norm: Field,
    tolerance: float,
    iterations: int,
) -> Array:
    """Solutions after at most a fixed number of steps from zero."""
    target = tolerance * norm(f)

    def advance(_: Array, state: State) -> State:
        active = norm(state[1]) > target
        return tuple(jnp.where(active, new, old) for new, old in zip(step(state), state, strict=True))

    return lax.fori_loop(0, iterations, advance, start(f))[0]


def advance_scan(
    f: Array,
    *,
    start: Callable[[Array], State],
    step: Callable[[State], State],
    norm: Field,
    tolerance: float,
    iterations: int,
) -> Array:
    """Solutions after at most a fixed number of steps from zero."""
    target = tolerance * norm(f)

    def advance(state: State, _: None) -> tuple[State, None]:
        active = norm(state[1]) > target
        return tuple(jnp.where(active, new, old) for new, old in zip(step(state), state, strict=True)), None

    state, _ = lax.scan(advance, start(f), None, length=iterations)
    return state[0]


def advance_recorded(
    f: Array,
    *,
    start: Callable[[Array], State],
    step: Callable[[State], State],
    norm: Field,
    tolerance: float,
    iterations: int,
) -> tuple[Array, Array]:
    """Solutions after at most a fixed number of steps, and the norms of every member's residuals."""
    target = tolerance * norm(f)

    def advance(state: State, _: None) -> tuple[State, Array]:
        active = norm(state[1]) > target
        state = tuple(jnp.where(active, new, old) for new, old in zip(step(state), state, strict=True))
        return state, norm(state[1]).ravel()

    state, norms = lax.scan(advance, start(f), None, length=iterations)
    return state[0], norms.T


def advance_while(
    f: Array,
    *,
    start: Callable[[Array], State],
    step: Callable[[State], State],
    norm: Field,
    tolerance: float,
    limit: int,
) -> tuple[Array, Array]:
    """Solutions to a relative residual, and the number of steps that every member took."""
    target = tolerance * norm(f)

    def unfinished(progress: tuple[State, Array]) -> Array:
        state, count = progress
        return (norm(state[1]) > target) & (count < limit)

    def advance(progress: tuple[State, Array]) -> tuple[State, Array]:
        state, count = progress
        active = unfinished(progress)
        state = tuple(jnp.where(active, new, old) for new, old in zip(step(state), state, strict=True))
        return state, count + active

    begin = start(f), jnp.zeros_like(target, dtype=int)
    state, count = lax.while_loop(lambda progress: jnp.any(unfinished(progress)), advance, begin)
    return state[0], count.ravel()


# Transfers between grids.


def weight_1d(r: Array) -> Array:
    """Full weighting to every second inner vertex."""
    return 0.25 * r[:, :-2:2] + 0.5 * r[:, 1:-1:2] + 0.25 * r[:, 2::2]


def weight_2d(r: Array) -> Array:
    """Full weighting to every second inner vertex of each axis."""
    rows = 0.25 * r[:, :-2:2] + 0.5 * r[:, 1:-1:2] + 0.25 * r[:, 2::2]
    return 0.25 * rows[:, :, :-2:2] + 0.5 * rows[:, :, 1:-1:2] + 0.25 * rows[:, :, 2::2]


def interpolate_1d(e: Array) -> Array:
    """Linear interpolation to the vertices of the finer grid."""
    p = jnp.pad(e, ((0, 0), (1, 1)))
    odd = 0.5 * (p[:, :-1] + p[:, 1:])
    return jnp.zeros((e.shape[0], 2 * e.shape[1] + 1)).at[:, 1::2].set(e).at[:, ::2].set(odd)


def interpolate_2d(e: Array) -> Array:
    """Bilinear interpolation to the vertices of the finer grid."""
    size, n, m = e.shape
    p = jnp.pad(e, ((0, 0), (1, 1), (1, 1)))
    x, y = p[:, :-1] + p[:, 1:], p[:, :, :-1] + p[:, :, 1:]
    fine = jnp.zeros((size, 2 * n + 1, 2 * m + 1)).at[:, 1::2, 1::2].set(e)
    fine = fine.at[:, ::2, 1::2].set(0.5 * x[:, :, 1:-1]).at[:, 1::2, ::2].set(0.5 * y[:, 1:-1])
    return fine.at[:, ::2, ::2].set(0.25 * (x[:, :, :-1] + x[:, :, 1:]))


def average_1d(r: Array) -> Array:
    """Mean of the two cells of a coarse cell."""
    return 0.5 * (r[:, ::2] + r[:, 1::2])


def average_2d(r: Array) -> Array:
    """Mean of the four cells of a coarse cell."""
    size, n, m = r.shape
    return r.reshape(size, n // 2, 2, m // 2, 2).mean(axis=(2, 4))


def cell_interpolate_1d(e: Array, *, add_ghosts: Field) -> Array:
    """Linear interpolation to the two cells of every coarse cell."""
    p = add_ghosts(e)
    left = 0.75 * e + 0.25 * p[:, :-2]
    right = 0.75 * e + 0.25 * p[:, 2:]
    return jnp.stack([left, right], axis=2).reshape(e.shape[0], -1)


def cell_interpolate_2d(e: Array, *, add_ghosts: Field) -> Array:
    """Bilinear interpolation to the four cells of every coarse cell."""
    size, n, m = e.shape
    p = add_ghosts(e)
    lower, upper = 0.75 * p[:, 1:-1] + 0.25 * p[:, :-2], 0.75 * p[:, 1:-1] + 0.25 * p[:, 2:]
    rows = jnp.stack([lower, upper], axis=2).reshape(size, 2 * n, m + 2)
    west = 0.75 * rows[:, :, 1:-1] + 0.25 * rows[:, :, :-2]
    east = 0.75 * rows[:, :, 1:-1] + 0.25 * rows[:, :, 2:]
    return jnp.stack([west, east], axis=3).reshape(size, 2 * n, 2 * m)


def period_weight_1d(r: Array) -> Array:
    """Full weighting to every second vertex of the period."""
    return 0.5 * r[:, ::2] + 0.25 * (r[:, 1::2] + jnp.roll(r, 1, 1)[:, ::2])


def period_weight_2d(r: Array) -> Array:
    """Full weighting to every second vertex of the period of each axis."""
    rows = 0.5 * r[:, ::2] + 0.25 * (r[:, 1::2] + jnp.roll(r, 1, 1)[:, ::2])
    return 0.5 * rows[:, :, ::2] + 0.25 * (rows[:, :, 1::2] + jnp.roll(rows, 1, 2)[:, :, ::2])


def period_interpolate_1d(e: Array) -> Array:
    """Linear interpolation to the finer period."""
    middle = 0.5 * (e + jnp.roll(e, -1, 1))
    return jnp.stack([e, middle], axis=2).reshape(e.shape[0], -1)


def period_interpolate_2d(e: Array) -> Array:
    """Bilinear interpolation to the finer period of each axis."""
    size, n, m = e.shape
    rows = jnp.stack([e, 0.5 * (e + jnp.roll(e, -1, 1))], axis=2).reshape(size, 2 * n, m)
    return jnp.stack([rows, 0.5 * (rows + jnp.roll(rows, -1, 2))], axis=3).reshape(size, 2 * n, 2 * m)


# Dense factorisations, once for all members.


def solve_dense(f: Array, *, matrix: Field) -> Array:
    """Solutions by one elimination for all right-hand sides."""
    columns = f.reshape(f.shape[0], -1).T
    return jnp.linalg.solve(matrix(f[0]), columns).T.reshape(f.shape)


def solve_lu(f: Array, *, matrix: Field) -> Array:
    """Solutions by LU factors, one factorisation for all right-hand sides."""
    columns = f.reshape(f.shape[0], -1).T
    return lu_solve(lu_factor(matrix(f[0])), columns).T.reshape(f.shape)


def solve_cholesky(f: Array, *, matrix: Field) -> Array:
    """Solutions by Cholesky factors, one factorisation for all right-hand sides."""
    columns = f.reshape(f.shape[0], -1).T
    return cho_solve(cho_factor(matrix(f[0])), columns).T.reshape(f.shape)


def solve_triangles(f: Array, *, matrix: Field) -> Array:
    """Solutions by two triangular systems with one Cholesky factor."""
    factor = jnp.linalg.cholesky(matrix(f[0]))
    half = solve_triangular(factor, f.reshape(f.shape[0], -1).T, lower=True)
    return solve_triangular(factor.T, half, lower=False).T.reshape(f.shape)


def solve_inverse(f: Array, *, matrix: Field) -> Array:
    """Solutions by the inverse matrix."""
    return (f.reshape(f.shape[0], -1) @ jnp.linalg.inv(matrix(f[0])).T).reshape(f.shape)


# Three diagonals.


def solve_thomas(f: Array, *, bands: Bands) -> Array:
    """Solutions by one elimination down the diagonal and substitution back, over all members at once."""

    def eliminate(
        carry: tuple[Array, Array], row: tuple[Array, ...]
    ) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
        ratio, value = carry
        lower, centre, upper, load = row
        pivot = centre - lower * ratio
        carry = upper / pivot, (load - lower * value) / pivot
        return carry, carry

    def substitute(after: Array, row: tuple[Array, Array]) -> tuple[Array, Array]:
        ratio, value = row
        u = value - ratio * after
        return u, u

    start = jnp.zeros_like(f[0, 0]), jnp.zeros_like(f[:, 0])
    _, rows = lax.scan(eliminate, start, (*bands(f[0]), f.T))
    return lax.scan(substitute, jnp.zeros_like(f[:, 0]), rows, reverse=True)[1].T


def solve_tridiagonal(f: Array, *, bands: Bands) -> Array:
    """Solutions by the tridiagonal solver of lax, one column a member."""
    lower, centre, upper = bands(f[0])
    return lax.linalg.tridiagonal_solve(lower, centre, upper, f.T).T


def solve_cyclic(f: Array, *, bands: Bands, eliminate_odd: Callable[..., Array]) -> Array:
    """Solutions by cyclic reduction."""
    return eliminate_odd(*bands(f[0]), f)


def reduce_cyclically(lower: Array, centre: Array, upper: Array, f: Array, *, recurse: Callable[..., Array]) -> Array:
    """Eliminates every second unknown of all members, solves for the rest, substitutes back."""
    if f.shape[1] == 1:
        return f / centre
    before, after = -lower[1::2] / centre[:-2:2], -upper[1::2] / centre[2::2]
    u = recurse(
        before * lower[:-2:2],
        centre[1::2] + before * upper[:-2:2] + after * lower[2::2],
        after * upper[2::2],
        f[:, 1::2] + before * f[:, :-2:2] + after * f[:, 2::2],
    )
    p = jnp.pad(u, ((0, 0), (1, 1)))
    rest = (f[:, ::2] - lower[::2] * p[:, :-1] - upper[::2] * p[:, 1:]) / centre[::2]
    return jnp.zeros_like(f).at[:, 1::2].set(u).at[:, ::2].set(rest)


# Eigenvectors and transforms of the axes.


def diagonalise_1d(f: Array, *, x_matrix: Matrix, invert: Field) -> Array:
    """Solutions in the eigenvectors of the matrix."""
    values, vectors = jnp.linalg.eigh(x_matrix(f.shape[1]))
    return (f @ vectors * invert(values)) @ vectors.T


def diagonalise_2d(f: Array, *, x_matrix: Matrix, y_matrix: Matrix, invert: Field) -> Array:
    """Solutions in the eigenvectors of the matrices of both axes."""
    x_values, x_vectors = jnp.linalg.eigh(x_matrix(f.shape[1]))
    y_values, y_vectors = jnp.linalg.eigh(y_matrix(f.shape[2]))
    modes = x_vectors.T @ f @ y_vectors * invert(x_values[:, None] + y_values)
    return x_vectors @ modes @ y_vectors.T


def diagonalise_3d(f: Array, *, x_matrix: Matrix, y_matrix: Matrix, z_matrix: Matrix, invert: Field) -> Array:
    """Solutions in the eigenvectors of the matrices of the three axes."""
    a, x = jnp.linalg.eigh(x_matrix(f.shape[1]))
    b, y = jnp.linalg.eigh(y_matrix(f.shape[2]))
    c, z = jnp.linalg.eigh(z_matrix(f.shape[3]))
    modes = jnp.einsum("nijk,ia,jb,kc->nabc", f, x, y, z)
    modes = modes * invert(a[:, None, None] + b[:, None] + c)
    return jnp.einsum("nabc,ia,jb,kc->nijk", modes, x, y, z)


def half_diagonalised(f: Array, *, x_matrix: Matrix, y_matrix: Matrix) -> Array:
    """Solutions in the eigenvectors of one axis, a dense system along the other for each."""
    values, vectors = jnp.linalg.eigh(x_matrix(f.shape[1]))
    systems = y_matrix(f.shape[2]) + values[:, None, None] * jnp.eye(f.shape[2])
    modes = jnp.linalg.solve(systems, (vectors.T @ f)[..., None])
    return vectors @ modes[..., 0]


def transform_2d(f: Array, *, transform: Field, inverse: Field, eigenvalues: Spectrum, invert: Field) -> Array:
    """Solutions by dividing each mode by its eigenvalue, one axis transformed at a time."""
    modes = transform(jnp.swapaxes(transform(f), 1, 2))
    modes = modes * invert(eigenvalues(f.shape[1]) + eigenvalues(f.shape[2])[:, None])
    return inverse(jnp.swapaxes(inverse(modes), 1, 2))


def transform_3d(f: Array, *, transform: Field, inverse: Field, eigenvalues: Spectrum, invert: Field) -> Array:
    """Solutions by dividing each mode by its eigenvalue, one axis transformed at a time."""
    modes = f
    for _ in range(3):
        modes = jnp.moveaxis(transform(modes), -1, 1)
    x, y, z = eigenvalues(f.shape[1]), eigenvalues(f.shape[2]), eigenvalues(f.shape[3])
    modes = modes * invert(x[:, None, None] + y[:, None] + z)
    for _ in range(3):
        modes = jnp.moveaxis(inverse(modes), -1, 1)
    return modes


def fourier_1d(f: Array, *, eigenvalues: Spectrum, invert: Field) -> Array:
    """Periodic solutions by the complex Fourier transform."""
    return jnp.fft.ifft(jnp.fft.fft(f) * invert(eigenvalues(f.shape[1]))).real


def fourier_2d(f: Array, *, eigenvalues: Spectrum, invert: Field) -> Array:
    """Periodic solutions by the complex Fourier transform."""
    symbol = eigenvalues(f.shape[1])[:, None] + eigenvalues(f.shape[2])
    return jnp.fft.ifft2(jnp.fft.fft2(f) * invert(symbol)).real


def fourier_3d(f: Array, *, eigenvalues: Spectrum, invert: Field) -> Array:
    """Periodic solutions by the complex Fourier transform."""
    x, y, z = eigenvalues(f.shape[1]), eigenvalues(f.shape[2]), eigenvalues(f.shape[3])
    symbol = x[:, None, None] + y[:, None] + z
    return jnp.fft.ifftn(jnp.fft.fftn(f, axes=(1, 2, 3)) * invert(symbol), axes=(1, 2, 3)).real


def real_fourier_1d(f: Array, *, eigenvalues: Spectrum, invert: Field) -> Array:
    """Periodic solutions by the real Fourier transform."""
    n = f.shape[1]
    return jnp.fft.irfft(jnp.fft.rfft(f) * invert(eigenvalues(n)[: n // 2 + 1]), n)


def real_fourier_2d(f: Array, *, eigenvalues: Spectrum, invert: Field) -> Array:
    """Periodic solutions by the real Fourier transform."""
    n, m = f.shape[1:]
    symbol = eigenvalues(n)[:, None] + eigenvalues(m)[: m // 2 + 1]
    return jnp.fft.irfft2(jnp.fft.rfft2(f) * invert(symbol), (n, m))


def real_fourier_3d(f: Array, *, eigenvalues: Spectrum, invert: Field) -> Array:
    """Periodic solutions by the real Fourier transform."""
    n, m, k = f.shape[1:]
    symbol = eigenvalues(n)[:, None, None] + eigenvalues(m)[:, None] + eigenvalues(k)[: k // 2 + 1]
    modes = jnp.fft.rfftn(f, axes=(1, 2, 3)) * invert(symbol)
    return jnp.fft.irfftn(modes, (n, m, k), axes=(1, 2, 3))


# Alternating directions.


def dense_step(u: Array, f: Array, shift: Array, *, x_matrix: Matrix, y_matrix: Matrix) -> Array:
    """One step with the shift for every member: implicit along x, then along y."""
    n, m = u.shape[1:]
    x, y = x_matrix(n), y_matrix(m)
    half = jnp.linalg.solve(x + shift * jnp.eye(n), f + shift * u - u @ y.T)
    return jnp.linalg.solve(y + shift * jnp.eye(m), (f + shift * half - x @ half).mT).mT


def eigen_step(u: Array, f: Array, shift: Array, *, x_matrix: Matrix, y_matrix: Matrix) -> Array:
    """One step with the shift for every member, each half by inverting the matrix of an axis."""
    n, m = u.shape[1:]
    x, y = x_matrix(n), y_matrix(m)
    x_inverse = jnp.linalg.inv(x + shift * jnp.eye(n))
    y_inverse = jnp.linalg.inv(y + shift * jnp.eye(m))
    half = x_inverse @ (f + shift * u - u @ y.T)
    return (f + shift * half - x @ half) @ y_inverse.T
