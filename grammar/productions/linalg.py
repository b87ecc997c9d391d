"""Linear algebra: factorisations, solves, spectra and functions of matrices (float32, as LAPACK has them)."""

import jax
import jax.numpy as jnp
from jax import lax

from grammar.choices import Choices
from grammar.rules.families import elementwise, pattern
from grammar.rules.notation import (
    SPD,
    Array,
    Float,
    Float32,
    Int32,
    Like,
    NonNegative,
    Num,
    Positive,
    Productions,
    Static,
    Triangular,
    Unit,
    either,
)
from grammar.values.binding import Binding
from grammar.values.statics import among, between

production = Productions()

# --- SPD matrices, factors and solves -----------------------------------------------------------------------


def _solved(a: float, b: float, n: float) -> float:
    """The SPD matrices of this grammar have eigenvalues of at least about 1, so solving enlarges little."""
    return b + n / 2 + 1


@production(weight=0.6, names="cov gram precision", magnitude=lambda x: 1.0 if x <= 6 else 99.0)
def regularised_gram(x: Float32[Array, "*b n k", Unit]) -> Float32[Array, "*b n n", SPD]:
    return x @ jnp.swapaxes(x, -1, -2) / x.shape[-1] + jnp.eye(x.shape[-2])


@production(weight=0.4, names="cov kernel", magnitude=lambda x: 2.0 if x <= 6 else 99.0, faithful=False)
def rbf_kernel(x: Float32[Array, "n k"], jitter: Static[float, among(1.0, 0.5)]) -> Float32[Array, "n n", SPD]:
    sq_dists = jnp.sum((x[:, None, :] - x[None, :, :]) ** 2, axis=-1)
    return jnp.exp(-0.5 * sq_dists) + jitter * jnp.eye(x.shape[0])


@production(weight=0.3, names="damped cov", magnitude=lambda a: max(a, 0.0) + 1)
def add_ridge(a: Float32[Array, "n n", SPD], ridge: Static[float, among(0.1, 0.5, 1.0)]) -> Float32[Array, "n n", SPD]:
    return a + ridge * jnp.eye(a.shape[0])


@production(weight=1.2, names="chol factor lower")
def cholesky(a: Float32[Array, "*b n n", SPD]) -> Float32[Array, "*b n n", Triangular]:
    return either(jnp.linalg.cholesky(a), lax.linalg.cholesky(a), weights=(5, 1))


@production(weight=0.4, names="chol factor")
def cholesky_scipy(a: Float32[Array, "n n", SPD]) -> Float32[Array, "n n", Triangular]:
    return jax.scipy.linalg.cholesky(a, lower=True)


@production(weight=1.2, names="solution sol", magnitude=_solved)
def solve(a: Float32[Array, "n n", SPD], b: Float32[Array, "n k"]) -> Float32[Array, "n k"]:
    return either(
        jnp.linalg.solve(a, b),
        jax.scipy.linalg.solve(a, b),
        jax.scipy.linalg.solve(a, b, assume_a="pos"),
        weights=(4, 1, 2),
    )


@production(weight=1, names="solution direction", magnitude=_solved)
def solve_vector(a: Float32[Array, "n n", SPD], b: Float32[Array, "n"]) -> Float32[Array, "n"]:
    return either(jnp.linalg.solve(a, b), jax.scipy.linalg.solve(a, b, assume_a="pos"), weights=(3, 1))


@production(weight=0.6, names="solution", magnitude=_solved)
def cho_solve(a: Float32[Array, "n n", SPD], b: Float32[Array, "n k"]) -> Float32[Array, "n k"]:
    factor = jax.scipy.linalg.cho_factor(a)
    return jax.scipy.linalg.cho_solve(factor, b)


@production(weight=0.5, names="solution", magnitude=lambda chol, b, n: b + n + 2)
def cho_solve_lower(chol: Float32[Array, "n n", Triangular], b: Float32[Array, "n k"]) -> Float32[Array, "n k"]:
    return jax.scipy.linalg.cho_solve((chol, True), b)


@production(weight=1, names="whitened solution", magnitude=lambda chol, b, n: b + n + 1)
def solve_triangular(chol: Float32[Array, "n n", Triangular], b: Float32[Array, "n k"]) -> Float32[Array, "n k"]:
    return either(
        jax.scipy.linalg.solve_triangular(chol, b, lower=True),
        jax.scipy.linalg.solve_triangular(chol, b, trans=0, lower=True),
        weights=(5, 1),
    )


@production(weight=0.4, names="solution", magnitude=lambda chol, b, n: b + n + 1)
def solve_triangular_transposed(
    chol: Float32[Array, "n n", Triangular], b: Float32[Array, "n k"]
) -> Float32[Array, "n k"]:
    return either(
        jax.scipy.linalg.solve_triangular(chol.T, b, lower=False),
        jax.scipy.linalg.solve_triangular(chol, b, trans=1, lower=True),
    )


@production(weight=0.6, names="whitened solution", magnitude=lambda chol, b, n: b + n + 1)
def solve_triangular_vector(chol: Float32[Array, "n n", Triangular], b: Float32[Array, "n"]) -> Float32[Array, "n"]:
    return jax.scipy.linalg.solve_triangular(chol, b, lower=True)


@production(weight=0.3, names="solution alpha", magnitude=_solved)
def cho_solve_vector(a: Float32[Array, "n n", SPD], b: Float32[Array, "n"]) -> Float32[Array, "n"]:
    factor = jnp.linalg.cholesky(a)
    return jax.scipy.linalg.cho_solve((factor, True), b)


@production(weight=0.3, names="solution", magnitude=lambda chol, b, n: b + n + 1)
def triangular_solve(chol: Float32[Array, "n n", Triangular], b: Float32[Array, "n k"]) -> Float32[Array, "n k"]:
    return lax.linalg.triangular_solve(chol, b, left_side=True, lower=True)


@production(weight=1, names="inverse precision", magnitude=lambda a: min(a, 1.0))
def inv(a: Float32[Array, "*b n n", SPD]) -> Float32[Array, "*b n n"]:
    return either(jnp.linalg.inv(a), jnp.linalg.solve(a, jnp.eye(a.shape[-1])), weights=(6, 1))


@production(weight=0.3, names="inverse", magnitude=lambda a: min(a, 1.0), differentiable=False)
def pinv(a: Float32[Array, "n n", SPD]) -> Float32[Array, "n n"]:
    return either(jnp.linalg.pinv(a), jnp.linalg.pinv(a, rtol=1e-6))


@production(weight=0.3, names="coeffs fit", magnitude=lambda b, n: b + n / 2 + 1, differentiable=False)
def least_squares(a: Float32[Array, "n n", SPD], b: Float32[Array, "n"]) -> Float32[Array, "n"]:
    return jnp.linalg.lstsq(a, b)[0]


@production(weight=0.3, names="coeffs weights", magnitude=lambda x, y, n: x + y + n)
def ridge_regression(
    x: Float32[Array, "n d"], y: Float32[Array, "n k"], ridge: Static[float, among(1.0, 0.5, 2.0)]
) -> Float32[Array, "d k"]:
    gram = x.T @ x + ridge * jnp.eye(x.shape[1])
    return jnp.linalg.solve(gram, x.T @ y)


@production(weight=0.3, names="solution", magnitude=_solved)
def lu_solve(a: Float32[Array, "n n", SPD], b: Float32[Array, "n k"]) -> Float32[Array, "n k"]:
    return jax.scipy.linalg.lu_solve(jax.scipy.linalg.lu_factor(a), b)


@production(weight=0.4, names="solution", magnitude=_solved)
def conjugate_gradient(
    a: Float32[Array, "n n", SPD], b: Float32[Array, "n"], maxiter: Static[int, among(5, 10, 20)]
) -> Float32[Array, "n"]:
    return either(
        jax.scipy.sparse.linalg.cg(a, b, maxiter=maxiter)[0],
        jax.scipy.sparse.linalg.cg(lambda v: a @ v, b, maxiter=maxiter)[0],
    )


@production(weight=0.3, names="u solution", magnitude=lambda b, n: b + n + 1)
def tridiagonal_solve(
    lower: Float32[Array, "n", Unit],
    main: Float32[Array, "n", NonNegative],
    upper: Float32[Array, "n", Unit],
    b: Float32[Array, "n k"],
) -> Float32[Array, "n k"]:
    return lax.linalg.tridiagonal_solve(lower, main + 3.0, upper, b)


# --- determinants -------------------------------------------------------------------------------------------


@production(weight=0.8, names="det volume", magnitude=lambda a, n: 2**n * (a + n / 2))
def det(a: Float32[Array, "*b n n"]) -> Float32[Array, "*b"]:
    return jnp.linalg.det(a)


@production(weight=0.5, names="logdet", magnitude=lambda a, n: n + 3 + a / 4)
def slogdet(a: Float32[Array, "*b n n", SPD]) -> Float32[Array, "*b"]:
    return either(jnp.linalg.slogdet(a)[1], jnp.linalg.slogdet(a).logabsdet)


@production(weight=0.4, names="logdet", magnitude=lambda a, n: n + 3 + a / 4)
def logdet_of_factor(a: Float32[Array, "n n", SPD]) -> Float32[Array, ""]:
    chol = jnp.linalg.cholesky(a)
    return either(2.0 * jnp.sum(jnp.log(jnp.diag(chol))), 2.0 * jnp.log(jnp.diagonal(chol)).sum())


# --- factorisations -----------------------------------------------------------------------------------------


def _least(binding: Binding, choices: Choices) -> Binding | None:
    """k = min(m, n)."""
    k = binding.sizes.get("k", 2)
    m, n = binding.sizes.get("m", k), binding.sizes.get("n", k)
    least = min(m, n)
    return binding.agreeing(m=binding.sizes.get("m", least), n=binding.sizes.get("n", least), k=least)


@production(weight=0.5, names="q r", relation=_least, magnitude=lambda x, m: x + m / 2, differentiable=False)
def qr(x: Float32[Array, "m n"]) -> tuple[Float32[Array, "m k", Unit], Float32[Array, "k n"]]:
    return either(jnp.linalg.qr(x), jnp.linalg.qr(x, mode="reduced"), jax.scipy.linalg.qr(x, mode="economic"))


@production(weight=0.3, names="basis q", relation=_least, differentiable=False)
def orthonormal_basis(x: Float32[Array, "m n"]) -> Float32[Array, "m k", Unit]:
    q, _ = jnp.linalg.qr(x)
    return q


@production(
    weight=0.5,
    names="u s vh",
    relation=_least,
    magnitude=lambda x, m, n: x + (m + n) / 2,
    differentiable=False,
)
def svd(
    x: Float32[Array, "m n"],
) -> tuple[Float32[Array, "m k", Unit], Float32[Array, "k", NonNegative], Float32[Array, "k n", Unit]]:
    return jnp.linalg.svd(x, full_matrices=False)  # pyright: ignore[reportReturnType] - uv is wanted


@production(
    weight=0.4,
    names="singular_values s",
    relation=_least,
    magnitude=lambda x, m, n: x + (m + n) / 2,
    differentiable=False,
)
def singular_values(x: Float32[Array, "m n"]) -> Float32[Array, "k", NonNegative]:
    return either(jnp.linalg.svd(x, compute_uv=False), jnp.linalg.svdvals(x))


@production(weight=0.2, names="approximation", magnitude=lambda x, m, n: x + (m + n) / 2, differentiable=False)
def low_rank(x: Float32[Array, "m n"], rank: Static[int, between(1, 2)]) -> Float32[Array, "m n"]:
    u, s, vt = jnp.linalg.svd(x, full_matrices=False)
    return (u[:, :rank] * s[:rank]) @ vt[:rank]


@production(weight=0.7, names="eigenvalues eigenvectors", magnitude=lambda x, n: x + n + 1, differentiable=False)
def eigh(
    x: Float32[Array, "*b n n", SPD],
) -> tuple[Float32[Array, "*b n", Positive], Float32[Array, "*b n n", Unit]]:
    return jnp.linalg.eigh(x)


@production(weight=0.4, names="w v", magnitude=lambda x, n: x + n + 1, differentiable=False)
def eigh_symmetrised(x: Float32[Array, "n n"]) -> tuple[Float32[Array, "n"], Float32[Array, "n n", Unit]]:
    return either(
        jnp.linalg.eigh((x + x.T) / 2), jnp.linalg.eigh(0.5 * (x + x.T)), jax.scipy.linalg.eigh((x + x.T) / 2)
    )


@production(weight=0.5, names="eigenvalues spectrum", magnitude=lambda x, n: x + n + 1, differentiable=False)
def eigvalsh(x: Float32[Array, "*b n n", SPD]) -> Float32[Array, "*b n", Positive]:
    return jnp.linalg.eigvalsh(x)


@production(weight=0.3, names="eigenvalues", magnitude=lambda x, n: x + n + 1, differentiable=False)
def eigvalsh_symmetrised(x: Float32[Array, "n n"]) -> Float32[Array, "n"]:
    return jnp.linalg.eigvalsh(x + x.T)


@production(weight=0.2, names="vectors values", magnitude=lambda x, n: x + n + 1, differentiable=False)
def lax_eigh(
    x: Float32[Array, "n n", SPD],
) -> tuple[Float32[Array, "n n", Unit], Float32[Array, "n", Positive]]:
    return lax.linalg.eigh(x, symmetrize_input=True)


@production(weight=0.2, names="p lower upper", magnitude=lambda x, n: x + n, differentiable=False)
def lu(
    x: Float32[Array, "n n"],
) -> tuple[Float32[Array, "n n"], Float32[Array, "n n"], Float32[Array, "n n"]]:
    return jax.scipy.linalg.lu(x)


@production(weight=0.2, names="lu pivots", magnitude=lambda x, n: x + n, differentiable=False)
def lu_factor(x: Float32[Array, "n n"]) -> tuple[Float32[Array, "n n"], Int32[Array, "n"]]:
    return jax.scipy.linalg.lu_factor(x)


@production(weight=0.15, names="q", magnitude=lambda a, taus, k: a * 2 + taus * 2**k + 2**k, differentiable=False)
def householder_product(a: Float32[Array, "n+k k", Unit], taus: Float32[Array, "k", Unit]) -> Float32[Array, "n+k k"]:
    return lax.linalg.householder_product(a, taus)


@production(weight=0.3, names="root", magnitude=lambda x, n: x + n, differentiable=False)
def matrix_square_root(x: Float32[Array, "n n", SPD]) -> Float32[Array, "n n"]:
    w, v = jnp.linalg.eigh(x)
    return either((v * jnp.sqrt(w)) @ v.T, v @ jnp.diag(jnp.sqrt(w)) @ v.T)


# --- functions and parts of matrices ------------------------------------------------------------------------


@production(weight=0.3, names="powered", magnitude=lambda x, n, power: power * x + (power - 1) * n)
def matrix_power(x: Float32[Array, "*b n n"], power: Static[int, between(2, 4)]) -> Float32[Array, "*b n n"]:
    return jnp.linalg.matrix_power(x, power)


@production(weight=0.4, names="propagator rotation", magnitude=lambda x, n: 1.4427 * 2**n)
def expm(x: Float32[Array, "n n", Unit], dt: Static[float, among(0.1, 0.5, 0.01, 0.05)]) -> Float32[Array, "n n"]:
    return either(jax.scipy.linalg.expm(dt * x), jax.scipy.linalg.expm(x * dt))


@production(weight=0.6, names="diag diagonal")
def diagonal(x: Num[Array, "n n"]) -> Num[Array, "n", Like("x")]:
    return either(jnp.diagonal(x), x.diagonal(), jnp.diag(x), weights=(2, 1, 2))


elementwise(
    production,
    jnp.linalg.matrix_norm,
    weight=0.3,
    operand=pattern(Float32[Array, "*b m n"]),
    result=pattern(Float32[Array, "*b", NonNegative]),
    magnitude=lambda x, m, n: x + (m + n) / 2,
    names="norm norms",
)


@production(weight=0.2, names="norms", magnitude=lambda x, n: x + n / 2, differentiable=False)
def vector_norm(x: Float[Array, "*b n"]) -> Float[Array, "*b", NonNegative]:
    return jnp.linalg.vector_norm(x, axis=-1)


@production(weight=0.3, names="blocks", additive=True)
def block_diag(x: Float32[Array, "m n"], y: Float32[Array, "k l"]) -> Float32[Array, "m+k n+l"]:
    return jax.scipy.linalg.block_diag(x, y)


@production(weight=0.2, names="toeplitz")
def toeplitz(c: Float32[Array, "n"], r: Float32[Array, "m"]) -> Float32[Array, "n m"]:
    return jax.scipy.linalg.toeplitz(c, r)


@production(weight=0.4, names="distance mahalanobis", magnitude=lambda x, n: 2 * x + 2 * n + 3)
def mahalanobis(
    x: Float32[Array, "n"], mean: Float32[Array, "n"], cov: Float32[Array, "n n", SPD]
) -> Float32[Array, ""]:
    diff = x - mean
    return either(diff @ jnp.linalg.solve(cov, diff), jnp.dot(diff, jnp.linalg.inv(cov) @ diff))


@production(weight=0.4, names="log_prob", magnitude=lambda x, mean, n: 2 * max(x, mean) + 2 * n + 4)
def gaussian_log_density(
    x: Float32[Array, "n"], mean: Float32[Array, "n"], cov: Float32[Array, "n n", SPD]
) -> Float32[Array, ""]:
    chol = jnp.linalg.cholesky(cov)
    z = jax.scipy.linalg.solve_triangular(chol, x - mean, lower=True)
    logdet = jnp.sum(jnp.log(jnp.diagonal(chol)))
    return -0.5 * jnp.sum(z**2) - logdet - 0.5 * x.shape[0] * jnp.log(2 * jnp.pi)


@production(weight=0.3, names="vector eigenvector", magnitude=lambda a: 1.0, differentiable=False)
def power_iteration(
    a: Float32[Array, "n n", SPD], v: Float32[Array, "n"], steps: Static[int, between(2, 5)]
) -> Float32[Array, "n", Unit]:
    u = v + 1e-3
    for _ in range(steps):
        u = a @ u
        u = u / (jnp.linalg.norm(u) + 1e-6)
    return u
