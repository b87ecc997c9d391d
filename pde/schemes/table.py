"""The table of all schemes, by name."""

from __future__ import annotations

from pde.schemes.compact import COMPACT, ELEMENTS
from pde.schemes.directional import DIRECTIONAL
from pde.schemes.second_order import SECOND_ORDER
from pde.schemes.spectral import CHEBYSHEV, COSINE, FOURIER, SINE
from pde.schemes.stretched import STRETCHED
from pde.schemes.wide import WIDE, WIDE_ENDS

SCHEMES = {
    scheme.name: scheme
    for scheme in (
        *(*SECOND_ORDER, *DIRECTIONAL, COMPACT, ELEMENTS, WIDE, WIDE_ENDS, STRETCHED),
        *(FOURIER, SINE, COSINE, CHEBYSHEV),
    )
}
