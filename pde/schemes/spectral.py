"""Spectral schemes: sines, cosines and Fourier modes with exact eigenvalues; Chebyshev collocation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from pde.blocks import flux, transforms
from pde.parts.part import Part, part
from pde.schemes.layout import DIRICHLET
from pde.schemes.model import Model, Trait
from pde.schemes.problem import Problem
from pde.schemes.scheme import (
    MATRIX_SPELLINGS,
    Block,
    Scheme,
    common_traits,
    grid_points,
    has_matrix_form,
    matrix_form,
    outer_sum,
    source_data,
    with_screening,
)

T = Trait


@dataclass(frozen=True)
class Modes:
    """Eigenvectors of the derivative: their trait, the part of their eigenvalues, their wave numbers over pi."""

    trait: Trait
    symbol: Part
    waves: Callable[[int], np.ndarray]
    explicit: tuple[int, ...] = ()
    """Dimensions in which the operator can be applied, which takes a transform and its inverse."""


_SINES = Modes(T.SINE, part(transforms.sine_derivatives), lambda n: np.arange(1, n + 1))
_COSINES = Modes(T.COSINE, part(transforms.cosine_derivatives), lambda n: np.arange(n))
_FOURIER = Modes(T.FOURIER, part(transforms.fourier_derivatives), lambda n: 2 * n * np.fft.fftfreq(n), (1, 2))
_OPERATORS: dict[int, Block] = {
    1: transforms.spectral_operator_1d,
    2: transforms.spectral_operator_2d,
    3: transforms.spectral_operator_2d,  # stands for an operator that no solver applies
}


def _modal(modes: Modes, scheme: Scheme, problem: Problem, spelling: str, n: int) -> Model:
    """Sines, cosines or Fourier modes with the eigenvalues of the derivative itself."""
    d, terms = problem.dimension, problem.terms
    axis = scheme.layout(problem).axes[0]
    points = grid_points([axis.points(n)] * d)
    traits = common_traits(problem) - {T.EXPLICIT, T.LOCAL} | {T.SYMMETRIC, T.BOUNDED, modes.trait}
    apply = part(_OPERATORS[d], eigenvalues=modes.symbol)
    return Model(
        problem,
        n,
        (n,) * d,
        points,
        with_screening(apply, terms.screening),
        frozenset(traits | {T.EXPLICIT} if d in modes.explicit else traits),
        scheme.order,
        (source_data(problem, points),),
        axis.spacing,
        axis.width(n),
        lambda: outer_sum([(np.pi * modes.waves(n)) ** 2] * d) + terms.screening,
        symbol=modes.symbol,
    )


def _spelled_in_modes(problem: Problem, spelling: str) -> bool:
    return True


# Chebyshev collocation.


def _matrix(problem: Problem) -> Part:
    derivative = part(transforms.chebyshev_derivative)
    if problem.equation != "variable":
        return part(transforms.chebyshev_matrix, derivative=derivative)
    coefficient = part(flux.wave_1d, amplitude=problem.terms.amplitude)
    return part(transforms.chebyshev_variable_matrix, derivative=derivative, coefficient=coefficient)


def _collocation(scheme: Scheme, problem: Problem, spelling: str, n: int) -> Model:
    d, terms = problem.dimension, problem.terms
    matrix = _matrix(problem)
    inner = (0.5 - 0.5 * np.cos(np.pi * np.arange(n + 2) / (n + 1)))[1:-1]
    points = grid_points([inner] * d)
    return Model(
        problem,
        n,
        (n,) * d,
        points,
        with_screening(matrix_form(spelling, (matrix,) * d), terms.screening),
        frozenset({T.REGULAR, T.EXPLICIT}),
        scheme.order,
        (source_data(problem, points),),
        DIRICHLET.spacing,
        DIRICHLET.width(n),
        lambda: np.ones(1),
        matrices=(matrix,) * d,
    )


def _spelled_in_matrices(problem: Problem, spelling: str) -> bool:
    return has_matrix_form(problem, spelling) and (problem.equation != "variable" or problem.dimension == 1)


_EQUATIONS = ("poisson", "screened")
FOURIER = Scheme(
    "fourier",
    "vertex",
    None,
    (1, 2, 3),
    ("periodic",),
    _EQUATIONS,
    ("modes",),
    _spelled_in_modes,
    partial(_modal, _FOURIER),
)
SINE = Scheme(
    "sine",
    "vertex",
    None,
    (1, 2, 3),
    ("dirichlet",),
    _EQUATIONS,
    ("modes",),
    _spelled_in_modes,
    partial(_modal, _SINES),
    solutions=("sine", "ridge"),
)
COSINE = Scheme(
    "cosine",
    "cell",
    None,
    (1, 2, 3),
    ("neumann",),
    _EQUATIONS,
    ("modes",),
    _spelled_in_modes,
    partial(_modal, _COSINES),
)
CHEBYSHEV = Scheme(
    "chebyshev",
    "chebyshev",
    None,
    (1, 2),
    ("dirichlet",),
    (*_EQUATIONS, "variable"),
    MATRIX_SPELLINGS,
    _spelled_in_matrices,
    _collocation,
)
