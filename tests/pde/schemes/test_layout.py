"""Spectra in closed form against those of the matrices."""

from __future__ import annotations

import numpy as np
import pytest

from pde.schemes.layout import LAYOUTS, PERIODIC


@pytest.mark.parametrize("kind", LAYOUTS, ids="-".join)
def test_eigenvalues_belong_to_the_matrices(kind: tuple[str, str]) -> None:
    for axis in LAYOUTS[kind].axes:
        computed = np.sort(np.linalg.eigvals(np.asarray(axis.matrix.bind()(8))).real)
        np.testing.assert_allclose(np.sort(axis.eigenvalues(8)), computed, atol=1e-9 * computed.max())


@pytest.mark.parametrize("kind", LAYOUTS, ids="-".join)
def test_points_lie_evenly_and_alike_from_both_ends(kind: tuple[str, str]) -> None:
    for axis in LAYOUTS[kind].axes:
        points = axis.points(8)
        np.testing.assert_allclose(np.diff(points), axis.width(8), rtol=1e-12)
        first = points[1:] if axis is PERIODIC else points  # 0 is 1 again
        np.testing.assert_allclose(first + first[::-1], 1.0, rtol=1e-12)
