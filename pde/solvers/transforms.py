"""Direct solvers by sines, cosines and Fourier modes."""

from __future__ import annotations

from functools import partial

from pde.blocks import transforms
from pde.parts.part import Block, Part, part
from pde.schemes.model import Model, Trait
from pde.solvers.diagonalisation import inverted
from pde.solvers.solver import DIRECT, Build, Plan, Solver, uncounted


def _scaled(transform: Part) -> Part:
    return part(transforms.scaled_inverse, transform=transform)


_TRANSFORM: dict[int, Block] = {1: transforms.transform_1d, 2: transforms.transform_2d, 3: transforms.transform_3d}
_FOURIER: dict[int, Block] = {1: transforms.fourier_1d, 2: transforms.fourier_2d, 3: transforms.fourier_3d}
_REAL_FOURIER: dict[int, Block] = {
    1: transforms.real_fourier_1d,
    2: transforms.real_fourier_2d,
    3: transforms.real_fourier_3d,
}


def _build(model: Model, plan: Plan, forward: Block, inverse: Block | None = None) -> Part:
    """Without an inverse, the transform is its own but for a factor."""
    transform = part(forward)
    back = part(inverse) if inverse else _scaled(transform)
    block = _TRANSFORM[model.problem.dimension]
    return part(block, transform=transform, inverse=back, eigenvalues=model.symbol, invert=inverted(model))


def _build_tridiagonal(model: Model, plan: Plan) -> Part:
    transform = part(transforms.sine_by_halves)
    return part(
        transforms.transform_and_thomas,
        transform=transform,
        inverse=_scaled(transform),
        eigenvalues=model.symbol,
        solve_lines=part(transforms.mode_lines, spacing=model.spacing),
    )


def _build_fourier(model: Model, plan: Plan, blocks: dict[int, Block]) -> Part:
    return part(blocks[model.problem.dimension], eigenvalues=model.symbol, invert=inverted(model))


def _solver(
    name: str, trait: Trait, build: Build, dimensions: tuple[int, ...] = (1, 2, 3), odd: bool = False
) -> Solver:
    return Solver(name, frozenset({trait}), DIRECT, build, uncounted, dimensions, speed="fast", odd=odd, spelled=False)


SINES = (
    _solver("sine_extension", Trait.SINE, partial(_build, forward=transforms.sine_by_extension)),
    _solver("sine_zeros", Trait.SINE, partial(_build, forward=transforms.sine_by_zeros)),
    _solver("sine_halves", Trait.SINE, partial(_build, forward=transforms.sine_by_halves), odd=True),
    _solver("sine_matrix", Trait.SINE, partial(_build, forward=transforms.sine_by_matrix)),
)
COSINES = (
    _solver(
        "cosine_extension",
        Trait.COSINE,
        partial(_build, forward=transforms.cosine_by_extension, inverse=transforms.inverse_cosine_by_extension),
    ),
    _solver(
        "cosine_matrix",
        Trait.COSINE,
        partial(_build, forward=transforms.cosine_by_matrix, inverse=transforms.inverse_cosine_by_matrix),
    ),
)
SINE_TRIDIAGONAL = _solver("sine_tridiagonal", Trait.CONSTANT_INTERIOR, _build_tridiagonal, (2,), odd=True)
FOURIER = _solver("fourier", Trait.FOURIER, partial(_build_fourier, blocks=_FOURIER))
REAL_FOURIER = _solver("real_fourier", Trait.FOURIER, partial(_build_fourier, blocks=_REAL_FOURIER))
