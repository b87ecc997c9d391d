"""Spectra in closed form against those of the matrices."""

from __future__ import annotations

import numpy as np
import pytest

from pde.schemes.layout import LAYOUTS


@pytest.mark.parametrize("kind", LAYOUTS, ids="-".join)
def test_eigenvalues_belong_to_the_matrices(kind: tuple[str, str]) -> None:
    for axis in LAYOUTS[kind].axes:
        computed = np.sort(np.linalg.eigvals(np.asarray(axis.matrix.bind()(8))).real)
        np.testing.assert_allclose(np.sort(axis.eigenvalues(8)), computed, atol=1e-9 * computed.max())
