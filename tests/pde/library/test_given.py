"""Arguments of every type: one sentence, or the answer of the same numbers in 64 bits."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pde
from pde.family.variant import assemble
from pde.library import choose, solver_function

LINE = pde.Problem(1, "dirichlet", "poisson", "sine")
N = 7
MATRIX = 64.0 * (2.0 * np.eye(N) - np.eye(N, k=1) - np.eye(N, k=-1))
FIELD = np.arange(1.0, N + 1)

RIGHT: dict[str, Any] = {
    "int64": np.full(N, 3_000_000_000),
    "uint64": np.full(N, 2**64 - 1, np.uint64),
    "float16": FIELD.astype(np.float16),
    "bfloat16": FIELD.astype(jnp.bfloat16),
    "longdouble": FIELD.astype(np.longdouble),
    "great": 1e30 * FIELD,
    "small": 1e-30 * FIELD,
    "list": list(FIELD),
    "ints": [1, 2, 3, 4, 5, 6, 7],
    "nothing masked": np.ma.masked_array(FIELD),
    "JAX ints": jnp.arange(1, N + 1),
    "big endian": FIELD.astype(">f8"),
}
WRONG: dict[str, tuple[Any, str]] = {
    "beyond 32 bits": (1e39 * FIELD, r"f has a largest element of 7e\+39, outside the .* of 32 bits: divide"),
    "vanishing": (1e-60 * FIELD, "f has a largest element of 7e-60, outside"),
    "complex": (FIELD + 0j, "f holds complex128, not real numbers: give floats"),
    "masked": (np.ma.masked_array(FIELD, [True, *[False] * 6]), "f has masked elements: fill them"),
    "masked in a list": ([1.0] * 6 + [np.ma.masked], "f has masked elements"),
    "objects": (FIELD.astype(object), "f holds object, not real numbers"),
    "texts": (["1"] * N, "f holds <U1, not real numbers"),
    "ragged": ([[1.0], [1.0, 2.0]], "f is no array of numbers"),
    "nothing": (None, "f holds object"),
    "truths": (FIELD > 3, "f holds bool"),
    "dates": (np.array(["2020"] * N, "M8[D]"), r"f holds datetime64\[D\]"),
    "a column": (np.ones((N, 1)), r"data have the shapes \[\(7, 1\)\]: give f of shape \(7,\)"),
    "a number": (3.0, r"data have the shapes \[\(\)\]"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_numbers_of_any_type_give_the_answer_of_64_bits(name: str) -> None:
    wanted = np.linalg.solve(MATRIX, np.asarray(RIGHT[name], np.float64))
    with jax.enable_x64(False):
        variant = choose(LINE, "cg")
        for u in (pde.solve(LINE, "cg", N, data=[RIGHT[name]]).u, solver_function(variant, N)(RIGHT[name])[0]):
            np.testing.assert_allclose(u, wanted, rtol=1e-5)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_array_of_numbers_is_told(name: str) -> None:
    array, sentence = WRONG[name]
    with jax.enable_x64(False):
        with pytest.raises(pde.UserError, match=sentence):
            pde.solve(LINE, "cg", N, data=[array])
        with pytest.raises(pde.UserError, match=sentence):
            solver_function(choose(LINE, "cg"), N)(array)


def test_traced_arrays() -> None:
    with jax.enable_x64(False):
        function = solver_function(choose(LINE, "cg"), N)
        np.testing.assert_allclose(jax.jit(function)(FIELD)[0], np.linalg.solve(MATRIX, FIELD), rtol=1e-5)
        with pytest.raises(pde.UserError, match="cut from 64 bits perhaps: give floats"):
            jax.vmap(function)(np.full((2, N), 3_000_000_000))
        with pytest.raises(pde.UserError, match=r"f is being traced by JAX: .* call pde.solver_function"):
            jax.jit(lambda f: pde.solve(LINE, "cg", N, data=[f]).u)(FIELD)


class _Odd:
    """Fails wherever it is asked."""

    __hash__ = None  # type: ignore[assignment]

    def _fail(self, *_: object) -> Any:
        raise RuntimeError("odd")

    __repr__ = __float__ = __index__ = __array__ = __iter__ = __bool__ = __eq__ = _fail  # type: ignore[assignment]


ANY: st.SearchStrategy[Any] = st.sampled_from(
    [
        *(None, True, 0, -1, 1, 3, 7, 10**400, 0.5, 1e-6, 1e39, 1e300, float("nan"), float("inf"), 1j, "", "3", "cg"),
        *(
            b"3",
            "sine",
            "while",
            "slices",
            "dirichlet",
            [],
            [1.0],
            (1.0, 2.0),
            [_Odd()],
            {"a": 1},
            {1.0},
            {"dirichlet"},
        ),
        *(np.float32(0.5), np.float64(2), np.int8(3), np.bool_(True), np.complex64(1), np.array(0.5), np.array([7])),
        *(np.array(7.5), np.ones((2, 2)), np.array(["sine", "x"]), np.ma.masked, np.datetime64("2020"), len, _Odd()),
        *(jnp.float32(0.5), jnp.arange(3), Fraction(1, 2), Decimal("0.5"), object(), LINE, pde.Problem, range(2)),
        *([FIELD], [[True] * N], [FIELD * 1j], [_Odd()], lambda x: jnp.sum(x), lambda x: x, lambda: 0),
    ]
)
OWN: dict[str, Any] = {"name": "own", "value": lambda x: jnp.sum(x**2), "inhomogeneous": {"dirichlet"}}
CALLS: dict[str, tuple[Any, dict[str, Any], tuple[str, ...]]] = {
    "problem": (pde.Problem, {"dimension": 1}, ("dimension", "boundary", "equation", "solution")),
    "screened": (pde.Problem, {"equation": "screened"}, ("screening", "weights", "amplitude")),
    "anisotropic": (pde.Problem, {"equation": "anisotropic"}, ("weights",)),
    "variable": (pde.Problem, {"equation": "variable"}, ("amplitude",)),
    "solution": (
        lambda **own: pde.Problem(1, "dirichlet", "poisson", pde.Solution(**own)),
        OWN,
        ("name", "value", "homogeneous", "inhomogeneous", "resolution"),
    ),
    "solve": (
        pde.solve,
        {"problem": LINE, "solver": "thomas", "n": N},
        ("problem", "solver", "n", "scheme", "spelling", "loop", "tolerance", "data"),
    ),
    "assemble": (
        assemble,
        {"variant": choose(LINE, "cg"), "n": N},
        ("variant", "n", "use", "vectorisation", "tolerance", "precision"),
    ),
    "function": (solver_function, {"variant": choose(LINE, "thomas"), "n": N}, ("variant", "n", "tolerance")),
    "variant": (
        lambda **names: solver_function(pde.Variant(**names), N),
        {"problem": LINE, "scheme": "differences", "spelling": "slices", "solver": "thomas", "loop": "direct"},
        ("problem", "scheme", "spelling", "solver", "loop"),
    ),
    "default": (pde.default_tolerance, {"variant": choose(LINE, "cg"), "n": N}, ("variant", "n")),
}


def _told(function: Any, arguments: dict[str, Any]) -> str:
    try:
        function(**arguments)
    except pde.UserError as mistake:
        return str(mistake)
    return "nothing: it was taken"


ALL: list[Any] = list(HealthCheck)


@pytest.mark.parametrize("call", CALLS)
@settings(max_examples=60, deadline=None, suppress_health_check=ALL, derandomize=True, database=None)
@given(data=st.data())
def test_every_argument_of_any_type_is_a_sentence_or_taken(call: str, data: st.DataObject) -> None:
    function, usual, names = CALLS[call]
    name = data.draw(st.sampled_from(names))
    with jax.enable_x64(False):
        told = _told(function, usual | {name: data.draw(ANY)})
        assert len(told.splitlines()) == 1
        assert ":" in told


@pytest.mark.parametrize("weights", [[1.0, 2.0], np.array([1, 2]), (np.float32(1), Fraction(2)), jnp.array([1.0, 2.0])])
def test_weights_of_any_type_are_the_same_problem(weights: Any) -> None:
    problem = pde.Problem(2, "periodic", "anisotropic", "swell", weights=weights)
    assert problem == pde.Problem(2, "periodic", "anisotropic", "swell", weights=(1.0, 2.0))
    assert hash(problem)


@pytest.mark.parametrize("solver", ["cg", "fast_diagonalisation", "minres", "damped_jacobi"])
@pytest.mark.parametrize(("boundary", "solution"), [("periodic", "wave"), ("neumann", "cosine")])
def test_what_constants_solve_needs_data_that_balance(solver: str, boundary: str, solution: str) -> None:
    problem = pde.Problem(1, boundary, "poisson", solution)
    with pytest.raises(pde.UserError, match="has a solution only if it is 0"):
        pde.solve(problem, solver, 8, data=[np.ones(8)])
    wave = np.sin(2 * np.pi * np.arange(8) / 8)
    assert np.isfinite(pde.solve(problem, solver, 8, data=[1e300 * (wave + 1e-14)]).u).all()


def test_coefficients_that_the_precision_loses() -> None:
    with jax.enable_x64(False):
        for problem in (
            pde.Problem(2, "dirichlet", "screened", screening=1e39),
            pde.Problem(2, "dirichlet", "anisotropic", weights=(1e-40, 1.0)),
        ):
            with pytest.raises(pde.UserError, match="beyond the 32 bits"):
                pde.solve(problem, "dense", 7)
        with pytest.raises(pde.UserError, match="is lost in the rounding of 32 bits, and the mean of u with it"):
            pde.solve(pde.Problem(1, "neumann", "screened", "cosine", screening=1e-9), "dense", 8)
