"""Problems with known solutions: -div(a grad u) + c u = f on the unit interval, square or cube.

The solution is written down; f, the boundary fluxes and Robin data follow from it by automatic
differentiation (the method of manufactured solutions: Roache, Code Verification by the Method of
Manufactured Solutions, 2002).
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from pde.errors import UserError, check_name, check_number, check_whole, shown

SCREENING = 3.0
WEIGHTS = (1.0, 2.0, 1.5)
AMPLITUDE = 0.4
ROBIN_RATE = 2.0
ROBIN_WAVE = 1.7206671780305
"""The root k of k tan(k / 2) = ROBIN_RATE: cos(k (x - 1/2)) has no Robin data."""

CHUNK = 4096


@dataclass(frozen=True)
class Equation:
    """Coefficients of -div(a grad u) + c u."""

    name: str
    screening: float = 0.0
    weights: tuple[float, ...] = (1.0, 1.0, 1.0)
    amplitude: float = 0.0

    def diffusivity(self, x: Array) -> Array:
        """a at one point, one value an axis."""
        wave = jnp.sin(2 * jnp.pi * x[0]) * jnp.prod(jnp.cos(2 * jnp.pi * x[1:]))
        return jnp.asarray(self.weights[: x.shape[0]]) * (1.0 + self.amplitude * wave)


EQUATIONS = {
    e.name: e
    for e in (
        Equation("poisson"),
        Equation("screened", screening=SCREENING),
        Equation("anisotropic", weights=WEIGHTS),
        Equation("variable", amplitude=AMPLITUDE),
    )
}


@dataclass(frozen=True)
class Solution:
    """A solution, the boundaries whose homogeneous data it meets, and those whose data it needs.

    Boundary data other than zero exist for dirichlet, neumann and robin (du/dn + ROBIN_RATE u).
    """

    name: str
    value: Callable[[Array], Array]
    """From the coordinates of one point, an array of the length of the dimension, to u; differentiated twice."""
    homogeneous: frozenset[str] = frozenset()
    inhomogeneous: frozenset[str] = frozenset()
    resolution: float = 6.0
    """Intervals from which second-order errors at vertices fall at their order."""

    def __post_init__(self) -> None:
        """Raises UserError for a name that is no text, a value that is no function, boundaries that are none."""
        if not isinstance(self.name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise UserError(f"name = {shown(self.name)} is no text: give a str")
        if not callable(self.value) or not _hashable(self.value):
            raise UserError(
                f"value = {shown(self.value)} is not a hashable function: give one of a point's coordinates"
            )
        for field, known in (("homogeneous", BOUNDARIES), ("inhomogeneous", OPEN)):
            object.__setattr__(self, field, _boundaries(field, getattr(self, field), known))
        cure = "give the number of intervals above 0 from which errors fall"
        resolution = check_number("resolution", self.resolution, cure)
        if not 0 < resolution < math.inf:
            raise UserError(f"resolution = {resolution:g} is not above 0 and finite: {cure}")
        object.__setattr__(self, "resolution", resolution)


BOUNDARIES = ("dirichlet", "neumann", "periodic", "robin", "mixed", "channel")
OPEN = ("dirichlet", "neumann", "robin")
"""Boundaries whose data need not be zero."""


def _hashable(value: object) -> bool:
    try:
        hash(value)
    except Exception:  # whatever a caller's own __hash__ does
        return False
    return True


def _boundaries(field: str, names: Any, known: Collection[str]) -> frozenset[str]:
    collected = isinstance(names, set | frozenset | list | tuple)
    if not collected or not all(isinstance(name, str) and name in known for name in names):
        raise UserError(f"{field} = {shown(names)} is not a set of boundaries: choose some of {', '.join(known)}")
    return frozenset(names)


def _quarter(x: Array) -> Array:
    return jnp.sin(0.5 * jnp.pi * x[0]) * jnp.prod(jnp.cos(jnp.pi * x[1:]))


def _quarter_ridge(x: Array) -> Array:
    return jnp.sin(0.5 * jnp.pi * x[0]) * jnp.exp(jnp.sum(jnp.cos(jnp.pi * x)))


def _along(x: Array) -> Array:
    """Distance in a direction in which no scheme has its leading error vanish."""
    return jnp.sum(x * (1.0 - 0.4 * jnp.arange(x.shape[0])))


_OPEN = frozenset(OPEN)
SOLUTIONS = {
    s.name: s
    for s in (
        Solution("sine", lambda x: jnp.prod(jnp.sin(jnp.pi * x)), frozenset({"dirichlet"})),
        Solution(
            "ridge",
            lambda x: jnp.prod(jnp.sin(jnp.pi * x) * jnp.exp(0.7 * jnp.cos(2 * jnp.pi * x))),
            frozenset({"dirichlet"}),
            resolution=12.0,
        ),
        Solution(
            "bump",
            lambda x: jnp.prod(4.0 * x * (1 - x) * jnp.exp(1.5 * x)),
            frozenset({"dirichlet"}),
            resolution=11.0,
        ),
        Solution("cosine", lambda x: jnp.prod(jnp.cos(jnp.pi * x)), frozenset({"neumann"})),
        Solution("crest", lambda x: jnp.exp(jnp.sum(jnp.cos(jnp.pi * x))), frozenset({"neumann"}), resolution=8.0),
        Solution("wave", lambda x: jnp.prod(jnp.sin(2 * jnp.pi * x)), frozenset({"periodic"}), resolution=12.0),
        Solution(
            "swell",
            lambda x: jnp.exp(jnp.sin(2 * jnp.pi * x[0]) + 0.5 * jnp.sum(jnp.cos(2 * jnp.pi * x[1:]))),
            frozenset({"periodic"}),
            resolution=12.0,
        ),
        Solution("robin_cosine", lambda x: jnp.prod(jnp.cos(ROBIN_WAVE * (x - 0.5))), frozenset({"robin"})),
        Solution("quarter", _quarter, frozenset({"mixed"})),
        Solution("quarter_ridge", _quarter_ridge, frozenset({"mixed"}), resolution=8.0),
        Solution(
            "channel_wave",
            lambda x: jnp.sin(2 * jnp.pi * x[0]) * jnp.sin(jnp.pi * x[1]),
            frozenset({"channel"}),
            resolution=12.0,
        ),
        Solution(
            "channel_swell",
            lambda x: jnp.exp(jnp.sin(2 * jnp.pi * x[0])) * jnp.sin(jnp.pi * x[1]),
            frozenset({"channel"}),
            resolution=12.0,
        ),
        Solution("exponential", lambda x: jnp.exp(1.2 * _along(x)) + x[0] ** 2, inhomogeneous=_OPEN, resolution=11.0),
        Solution(
            "front",
            lambda x: jnp.tanh(4.0 * (_along(x) / x.shape[0] - 0.5)),
            inhomogeneous=_OPEN,
            resolution=11.0,
        ),
    )
}


@dataclass(frozen=True)
class Problem:
    """An equation, a boundary and a known solution, on the unit interval, square or cube.

    >>> Problem(2, "dirichlet", "poisson", "sine")
    >>> Problem(2, "periodic", "anisotropic", "wave", weights=(1.0, 1e6))
    >>> cube = Solution("cube", lambda x: x[0] ** 3, inhomogeneous=frozenset({"dirichlet"}))
    >>> Problem(1, "dirichlet", "screened", cube, screening=1e8)

    Source and boundary data follow from the solution. Raises UserError for names that are unknown or do not fit
    each other, and for coefficients out of bounds or of another equation.
    """

    dimension: int = 2
    boundary: str = "dirichlet"
    equation: str = "poisson"
    solution: str | Solution = "sine"
    """A name, or one of the caller's own."""
    screening: float | None = None
    """c of the screened equation, at least 0; None gives its own."""
    weights: tuple[float, ...] | None = None
    """Diffusivities of the anisotropic equation, one a dimension, above 0; None gives its own."""
    amplitude: float | None = None
    """Amplitude of the variable equation's diffusivity around 1, between -1 and 1; None gives its own."""

    def __post_init__(self) -> None:
        check_name("boundary", self.boundary, BOUNDARIES)
        check_name("equation", self.equation, EQUATIONS)
        if not isinstance(self.solution, Solution):
            check_name("solution", self.solution, SOLUTIONS)
        object.__setattr__(self, "dimension", check_whole("dimension", self.dimension))
        if self.dimension not in (1, 2, 3):
            raise UserError(f"dimension {self.dimension} is not 1, 2 or 3: choose one of these")
        self._check_solution()
        self._check_coefficients()

    def _check_solution(self) -> None:
        found = self.known
        if self.boundary not in found.homogeneous | found.inhomogeneous:
            fitting = [s.name for s in SOLUTIONS.values() if self.boundary in s.homogeneous | s.inhomogeneous]
            raise UserError(
                f"solution {found.name!r} does not meet the {self.boundary} boundary: choose one of "
                f"{', '.join(fitting)}"
            )
        if isinstance(self.solution, Solution):
            _check_value(found, self.dimension)

    def _check_coefficients(self) -> None:
        for name, equation in (("screening", "screened"), ("weights", "anisotropic"), ("amplitude", "variable")):
            value = getattr(self, name)
            if value is not None and self.equation != equation:
                raise UserError(
                    f"{name} = {shown(value)} does not enter equation {self.equation!r}: take equation {equation!r}"
                )
        self._read_coefficients()
        terms, d = self.terms, self.dimension
        if not 0 <= terms.screening < math.inf:
            raise UserError(
                f"c = {terms.screening:g} is negative or not finite, which makes the operator indefinite for cg and "
                "most other solvers: take c >= 0"
            )
        if len(self.weights or terms.weights[:d]) != d or not all(0 < w < math.inf for w in terms.weights):
            raise UserError(
                f"weights = {terms.weights} are not {d} finite numbers above 0: give one for each dimension"
            )
        if not -1 < terms.amplitude < 1:
            raise UserError(f"amplitude = {terms.amplitude:g} is not between -1 and 1, where a > 0: take 0.4")

    def _read_coefficients(self) -> None:
        """Coefficients of any type of number become floats, so that equal problems are equal, and may be hashed."""
        for name, cure in (("screening", "take c >= 0"), ("amplitude", "take 0.4")):
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, check_number(name, value, cure))
        if self.weights is not None:
            cure = f"give {self.dimension} numbers above 0, one for each dimension"
            try:
                weights = [] if isinstance(self.weights, str | bytes | dict | set) else list(self.weights)
            except Exception:  # whatever a caller's own __iter__ does
                weights = []
            if not weights:
                raise UserError(f"weights = {shown(self.weights)} are no numbers: {cure}")
            object.__setattr__(self, "weights", tuple(check_number("a weight", w, cure) for w in weights))

    @property
    def terms(self) -> Equation:
        """The equation's coefficients."""
        own = {
            name: value for name in ("screening", "weights", "amplitude") if (value := getattr(self, name)) is not None
        }
        return replace(EQUATIONS[self.equation], **own)

    @property
    def known(self) -> Solution:
        """The known solution."""
        return self.solution if isinstance(self.solution, Solution) else SOLUTIONS[self.solution]

    @property
    def inhomogeneous(self) -> bool:
        """Whether the boundary data are not zero."""
        return self.boundary not in self.known.homogeneous

    @property
    def singular(self) -> bool:
        """Whether constants solve the homogeneous problem."""
        return self.boundary in ("neumann", "periodic") and self.terms.screening == 0.0

    def sample(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """u, f and the flux a grad u at points of shape (..., dimension). Raises UserError for points of another."""
        if (
            not isinstance(points, np.ndarray)  # pyright: ignore[reportUnnecessaryIsInstance]
            or points.dtype.kind not in "fiu"
            or points.shape[-1:] != (self.dimension,)
        ):
            raise UserError(
                f"points = {shown(points)} are no coordinates: give a real array of shape (..., {self.dimension})"
            )
        flat = points.reshape(-1, self.dimension)
        padded = np.concatenate([flat, np.full((-len(flat) % CHUNK, self.dimension), 0.5)])
        pieces = [_sampler(self)(piece) for piece in np.split(padded, len(padded) // CHUNK)]
        u, f, flux = (np.concatenate([np.asarray(p[k]) for p in pieces])[: len(flat)] for k in range(3))
        shape = points.shape[:-1]
        return u.reshape(shape), f.reshape(shape), flux.reshape(*shape, self.dimension)


def _check_value(solution: Solution, dimension: int) -> None:
    """Raises UserError where a solution of the caller's own does not give one real number at a point."""
    name, point = solution.name, jax.ShapeDtypeStruct((dimension,), jnp.result_type(float))
    cure = "return one real number, made of jax.numpy"
    try:
        found: Any = jax.eval_shape(solution.value, point)
    except Exception as failure:
        reason = shown(str(failure).splitlines()[0] if str(failure) else "")
        raise UserError(
            f"solution {name!r} fails at a point of shape ({dimension},), {type(failure).__name__} {reason}: {cure}"
        ) from None
    if getattr(found, "shape", None) != () or getattr(getattr(found, "dtype", None), "kind", "") != "f":
        raise UserError(f"solution {name!r} gives {shown(found)} at a point of shape ({dimension},): {cure}")


@functools.cache
def _sampler(problem: Problem) -> Callable[[np.ndarray], tuple[Array, Array, Array]]:
    """Evaluates a fixed number of points, so that one compilation serves every grid."""
    value, terms = problem.known.value, problem.terms

    def flux(x: Array) -> Array:
        return terms.diffusivity(x) * jax.grad(value)(x)

    def at_point(x: Array) -> tuple[Array, Array, Array]:
        source = -jnp.trace(jax.jacfwd(flux)(x)) + terms.screening * value(x)
        return value(x), source, flux(x)

    return jax.jit(jax.vmap(at_point))


def problems(dimension: int, boundary: str, equation: str) -> list[Problem]:
    """Every problem of the kind, homogeneous ones first."""
    found = [
        Problem(dimension, boundary, equation, s.name)
        for s in SOLUTIONS.values()
        if boundary in s.homogeneous | s.inhomogeneous
    ]
    return sorted(found, key=lambda p: p.inhomogeneous)


def compatibility(f: np.ndarray, outflow: float) -> float:
    """Total source plus total inflow of a Neumann problem; a solution exists only where this is zero."""
    return float(np.mean(f)) + outflow


assert math.isclose(ROBIN_WAVE * math.tan(ROBIN_WAVE / 2), ROBIN_RATE, rel_tol=1e-9)
