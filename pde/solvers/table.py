"""The table of all solvers, by name."""

from __future__ import annotations

from pde.solvers.alternating import ALTERNATING
from pde.solvers.bicgstab import BICGSTAB
from pde.solvers.bicgstab2 import BICGSTAB2
from pde.solvers.chebyshev import CHEBYSHEV_ITERATION
from pde.solvers.conjugate_gradients import CG
from pde.solvers.dense import CHOLESKY, DENSE, INVERSE, LU, TRIANGLES
from pde.solvers.diagonalisation import FAST_DIAGONALISATION, HALF_DIAGONALISATION
from pde.solvers.gauss_seidel import GAUSS_SEIDEL, RED_BLACK, SOR, SOR_LEXICOGRAPHIC, SSOR
from pde.solvers.gmres import GMRES
from pde.solvers.jacobi import DAMPED_JACOBI, JACOBI
from pde.solvers.library import LIBRARY_BICGSTAB, LIBRARY_CG, LIBRARY_GMRES, LIBRARY_PCG
from pde.solvers.minres import MINRES
from pde.solvers.multigrid import MULTIGRID
from pde.solvers.parity import MULTIGRID_V_PARITY
from pde.solvers.preconditioned import PCG_JACOBI, PCG_MULTIGRID, PCG_SSOR
from pde.solvers.steepest_descent import STEEPEST_DESCENT
from pde.solvers.transforms import COSINES, FOURIER, REAL_FOURIER, SINE_TRIDIAGONAL, SINES
from pde.solvers.tridiagonal import CYCLIC_REDUCTION, THOMAS, TRIDIAGONAL_SOLVE

SOLVERS = {
    solver.name: solver
    for solver in (
        *(JACOBI, DAMPED_JACOBI, GAUSS_SEIDEL, SOR_LEXICOGRAPHIC, RED_BLACK, SOR, SSOR),
        *(CHEBYSHEV_ITERATION, STEEPEST_DESCENT, CG, PCG_JACOBI, PCG_SSOR, PCG_MULTIGRID),
        *(MINRES, BICGSTAB, BICGSTAB2, GMRES, LIBRARY_CG, LIBRARY_PCG, LIBRARY_BICGSTAB, LIBRARY_GMRES),
        *(*MULTIGRID, MULTIGRID_V_PARITY, LU, DENSE, INVERSE, CHOLESKY, TRIANGLES),
        *(THOMAS, TRIDIAGONAL_SOLVE, CYCLIC_REDUCTION, FAST_DIAGONALISATION, HALF_DIAGONALISATION),
        *(*SINES, *COSINES, SINE_TRIDIAGONAL, FOURIER, REAL_FOURIER, *ALTERNATING),
    )
}
"""In the order in which combinations are found; a new solver stands where its kind does."""
