"""Spectral schemes: sines, cosines and Fourier modes with exact eigenvalues; Chebyshev collocation."""

from __future__ import annotations

import numpy as np

from pde.blocks import flux, transforms
from pde.parts.part import part
from pde.schemes.layout import DIRICHLET
from pde.schemes.model import Model, Trait
from pde.schemes.problem import Problem
from pde.schemes.second_order import (
    Scheme,
    common_traits,
    grid_points,
    matrix_form,
    outer_sum,
    source_data,
    with_screening,
    zero_mean,
)

T = Trait


def spectral_model(scheme: Scheme, problem: Problem, spelling: str, n: int) -> Model:
    """Sines, cosines or Fourier modes with the eigenvalues of the derivative itself."""
    d, terms = problem.dimension, problem.terms
    layout = scheme.layout(problem)
    axis = layout.axes[0]
    points = grid_points([axis.points(n)] * d)
    trait, block = {
        "sine": (T.SINE, transforms.sine_derivatives),
        "cosine": (T.COSINE, transforms.cosine_derivatives),
        "fourier": (T.FOURIER, transforms.fourier_derivatives),
    }[scheme.name]
    symbol = part(block)
    waves = {"sine": np.arange(1, n + 1), "cosine": np.arange(n), "fourier": 2 * n * np.fft.fftfreq(n)}[scheme.name]
    traits = common_traits(problem) - {T.EXPLICIT, T.LOCAL} | {T.SYMMETRIC, T.BOUNDED, trait}
    apply = part(transforms.spectral_operator_1d if d == 1 else transforms.spectral_operator_2d, eigenvalues=symbol)
    if scheme.name == "fourier" and d < 3:
        traits |= {T.EXPLICIT}
    return Model(
        problem,
        n,
        (n,) * d,
        points,
        with_screening(apply, terms.screening),
        frozenset(traits),
        None,
        (source_data(problem, points),),
        zero_mean(problem, lambda solver: solver),
        axis.spacing,
        axis.width(n),
        lambda: outer_sum([(np.pi * waves) ** 2] * d) + terms.screening,
        symbol=symbol,
    )


def chebyshev_model(scheme: Scheme, problem: Problem, spelling: str, n: int) -> Model:
    """Collocation at Chebyshev points."""
    d, terms = problem.dimension, problem.terms
    derivative = part(transforms.chebyshev_derivative)
    if problem.equation == "variable":
        coefficient = part(flux.wave_1d, amplitude=problem.terms.amplitude)
        matrix = part(transforms.chebyshev_variable_matrix, derivative=derivative, coefficient=coefficient)
    else:
        matrix = part(transforms.chebyshev_matrix, derivative=derivative)
    inner = (0.5 - 0.5 * np.cos(np.pi * np.arange(n + 2) / (n + 1)))[1:-1]
    points = grid_points([inner] * d)
    return Model(
        problem,
        n,
        (n,) * d,
        points,
        with_screening(matrix_form(spelling, (matrix,) * d), terms.screening),
        frozenset({T.REGULAR, T.EXPLICIT}),
        None,
        (source_data(problem, points),),
        lambda solver: solver,
        DIRICHLET.spacing,
        DIRICHLET.width(n),
        lambda: np.ones(1),
        matrices=(matrix,) * d,
    )
