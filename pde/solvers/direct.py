"""Direct solvers and alternating directions, as parts."""

from __future__ import annotations

import math
from collections.abc import Callable

from pde.blocks import adi, direct, matrices, transforms
from pde.parts.part import Part, part
from pde.schemes.model import Model
from pde.solvers.sweeps import Plan

_AXES = ("x_matrix", "y_matrix", "z_matrix")


def build_dense(model: Model, block: Callable[..., object], source: str) -> Part:
    separate = len(model.matrices) == 1 and model.problem.terms.screening == 0.0
    if separate and source == "axis":
        matrix = part(direct.axis_dense, x_matrix=model.matrices[0])
    else:
        matrix = part(
            matrices.jacobian_matrix if source == "jacobian" else matrices.dense_matrix,
            apply_operator=model.apply,
        )
    if model.problem.singular:
        matrix = part(direct.pinned_matrix, plain_matrix=matrix)
    return part(block, matrix=matrix)


def _bands(model: Model) -> Part:
    block = model.apply.block.__name__
    screening = model.problem.terms.screening
    if block.startswith("shifted_pads"):
        return part(direct.plain_bands, spacing=model.spacing)
    if block.startswith(("product", "einsum")) and not screening:
        return part(direct.matrix_bands, x_matrix=model.matrices[0])
    return part(direct.probed_bands, apply_operator=model.apply)


def build_tridiagonal(model: Model, block: Callable[..., object]) -> Part:
    return part(block, bands=_bands(model))


def build_cyclic(model: Model, plan: Plan) -> Part:
    return part(direct.solve_cyclic, bands=_bands(model), eliminate_odd=part(direct.reduce_cyclically))


def _invert(model: Model) -> Part:
    if model.problem.singular:
        return part(direct.pseudo_reciprocal)
    screening = model.problem.terms.screening
    return part(direct.reciprocal, screening=screening) if screening else part(direct.plain_reciprocal)


def build_diagonalised(model: Model, plan: Plan) -> Part:
    bound = dict(zip(_AXES, model.matrices, strict=False))
    return part(getattr(direct, f"diagonalise_{model.problem.dimension}d"), **bound, invert=_invert(model))


def build_half_diagonalised(model: Model, plan: Plan) -> Part:
    return part(direct.half_diagonalised, x_matrix=model.matrices[0], y_matrix=model.matrices[1])


def build_transform(model: Model, forward: Callable[..., object], inverse: Callable[..., object] | None) -> Part:
    transform = part(forward)
    back = part(inverse) if inverse else part(transforms.scaled_inverse, transform=transform)
    block = getattr(transforms, f"transform_{model.problem.dimension}d")
    return part(block, transform=transform, inverse=back, eigenvalues=model.symbol, invert=_invert(model))


def build_fourier(model: Model, real: bool) -> Part:
    block = getattr(transforms, f"{'real_' if real else ''}fourier_{model.problem.dimension}d")
    return part(block, eigenvalues=model.symbol, invert=_invert(model))


def build_sine_tridiagonal(model: Model, plan: Plan) -> Part:
    transform = part(transforms.sine_by_halves)
    return part(
        transforms.transform_and_thomas,
        transform=transform,
        inverse=part(transforms.scaled_inverse, transform=transform),
        eigenvalues=model.symbol,
        solve_lines=part(transforms.mode_lines, spacing=model.spacing),
    )


# Alternating directions.

ADI_CYCLES = 9


def _axis_spectrum(model: Model) -> tuple[float, float, int]:
    """Bounds of the axes' spectra, and how many shifts put neighbours a factor of four apart."""
    low, high = model.spectrum()
    low = low / 4.0
    return float(f"{low:.6g}"), float(f"{high:.6g}"), max(2, math.ceil(math.log(high / low, 4.0)))


def build_alternating(model: Model, plan: Plan, kind: str) -> Part:
    low, high, count = _axis_spectrum(model)
    shifts = part(adi.geometric_shifts, lowest=low, highest=high, count=count)
    axes = {"x_matrix": model.matrices[0], "y_matrix": model.matrices[1]}
    bound = {"spacing": model.spacing} if kind == "tridiagonal" else axes
    alternate = part(getattr(adi, f"{kind}_step"), **bound)
    if plan.loop == "while":
        return part(
            adi.cycle_while,
            alternate=alternate,
            apply_operator=model.apply,
            shifts=shifts,
            tolerance=plan.tolerance,
            limit=ADI_CYCLES * count,
        )
    return part(getattr(adi, f"cycle_{plan.loop}"), alternate=alternate, shifts=shifts, cycles=ADI_CYCLES)
