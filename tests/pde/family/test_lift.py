"""Programs written for a batch: what they give every member is what `jax.vmap` of the program for one gives it."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from pde.errors import UserError
from pde.family import validated
from pde.family.family import variant_of
from pde.family.lift import lift
from pde.family.variant import Variant, assemble, grids, whole
from pde.schemes.problem import Problem

ONE = {key: row for key, row in sorted(validated.read().items()) if row.batch}


def test_most_combinations_have_a_form_for_a_batch() -> None:
    assert len(ONE) >= 600
    assert len({(row.solver, row.scheme) for row in ONE.values()}) >= 200


@pytest.mark.parametrize("key", list(ONE)[::16])
def test_members_are_solved_as_vmap_solves_them(key: str) -> None:
    variant = variant_of(ONE[key])
    model = variant.model(grids(variant)[0])
    root = whole(variant, model)
    lifted = lift(root)
    assert lifted is not None
    random = np.random.default_rng(7)
    members = random.standard_normal((3, *model.data[0].shape)) * np.array([1.0, 1e3, 1e-3]).reshape(
        -1, *[1] * len(model.data[0].shape)
    )
    got, wanted = (jax.jit(f)(jnp.asarray(members)) for f in (lifted.bind(), jax.vmap(root.bind())))
    if isinstance(wanted, tuple):
        assert got[1].shape == wanted[1].shape
        got, wanted = got[0], wanted[0]
    scale = np.max(np.abs(np.asarray(wanted)), axis=tuple(range(1, wanted.ndim)), keepdims=True)
    assert np.max(np.abs(got - wanted) / scale) <= 1e-8


def test_what_has_no_form_for_a_batch_says_so() -> None:
    variant = Variant(Problem(2, "dirichlet", "poisson", "sine"), "differences", "slices", "library_cg", "library")
    with pytest.raises(UserError, match="take vectorisation vmap"):
        assemble(variant, 7, vectorisation="batched")
