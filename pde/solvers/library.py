"""The Krylov methods of jax.scipy.

Their own limit is twice what theory grants, for they stop by a test of their own; that of BiCGStab also for conjugate
gradients, which need no more. What a row claims is the bound of the method itself.
"""

from __future__ import annotations

from pde.blocks import krylov
from pde.parts.part import Part, part
from pde.schemes.model import Model
from pde.solvers.bicgstab import BICGSTAB
from pde.solvers.conjugate_gradients import CG
from pde.solvers.gmres import GMRES, restart_length
from pde.solvers.preconditioned import PCG_JACOBI, diagonal
from pde.solvers.solver import Plan, Solver

LIBRARY = ("library",)


def _bound_to(model: Model, plan: Plan, granted: Solver) -> dict[str, object]:
    limit = 2 * granted.bound(model, plan.tolerance)
    return {"apply_operator": model.apply, "tolerance": plan.tolerance, "limit": limit}


def _build_cg(model: Model, plan: Plan) -> Part:
    return part(krylov.library_cg, **_bound_to(model, plan, BICGSTAB))


def _build_pcg(model: Model, plan: Plan) -> Part:
    return part(krylov.library_pcg, **_bound_to(model, plan, BICGSTAB), precondition=diagonal(model, plan))


def _build_bicgstab(model: Model, plan: Plan) -> Part:
    return part(krylov.library_bicgstab, **_bound_to(model, plan, BICGSTAB))


def _build_gmres(model: Model, plan: Plan) -> Part:
    return part(krylov.library_gmres, **_bound_to(model, plan, GMRES), restart=restart_length(model))


LIBRARY_CG = Solver("library_cg", CG.needs, LIBRARY, _build_cg, CG.bound)
LIBRARY_PCG = Solver("library_pcg", PCG_JACOBI.needs, LIBRARY, _build_pcg, CG.bound)
LIBRARY_BICGSTAB = Solver("library_bicgstab", BICGSTAB.needs, LIBRARY, _build_bicgstab, BICGSTAB.bound)
LIBRARY_GMRES = Solver("library_gmres", GMRES.needs, LIBRARY, _build_gmres, GMRES.bound)
