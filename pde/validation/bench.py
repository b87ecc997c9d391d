"""Timings against SciPy on the same machine in one run: sine transform, multigrid, conjugate gradients."""

from __future__ import annotations

import ctypes
import importlib.util
import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from rich.console import Console

from pde.errors import UserError
from pde.library import choose, solver_function
from pde.schemes.problem import Problem

PROBLEM = Problem(2, "dirichlet", "poisson", "ridge")
TRANSFORM_SIZE, CONJUGATE_SIZE = 1023, 511
CYCLE_SIZES = (255, 1023)
TOLERANCE = 1e-8


M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""As <malloc.h> numbers them."""


def keep_large_blocks() -> None:
    """Lets glibc keep blocks of over 32 MB, SciPy's as well as JAX's: by default the kernel clears them anew for every
    solution on a large grid, and none on a small one, which a solver in a loop of a user's program would not see."""
    if sys.platform == "linux":
        with suppress(AttributeError):  # another C library
            libc = ctypes.CDLL(None)
            for parameter in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD):
                libc.mallopt(parameter, 2**30)


def least_of_each(actions: list[Callable[[], object]], repeats: int) -> list[float]:
    """Least wall times of several actions that take turns, so that a busy machine slows all alike."""
    for action in actions:
        action()
    times = [[_seconds(action) for action in actions] for _ in range(repeats)]
    return [min(column) for column in zip(*times, strict=True)]


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def source(n: int) -> np.ndarray:
    """A rough right-hand side, the same in every run."""
    return np.random.default_rng(0).standard_normal((n, n))


def transform_bench(repeats: int) -> dict[str, Any]:
    """The sine-transform solver against one made of scipy.fft.dstn and idstn."""
    from scipy.fft import dstn, idstn  # the library does without SciPy

    n = TRANSFORM_SIZE
    f = source(n)
    k = np.arange(1, n + 1)
    axis = (2 * (n + 1) * np.sin(0.5 * np.pi * k / (n + 1))) ** 2
    symbol = axis[:, None] + axis
    ours, given = solver_function(choose(PROBLEM, "dst"), n), jnp.asarray(f)

    def theirs_solution() -> np.ndarray:
        return np.asarray(idstn(np.asarray(dstn(f, type=1)) / symbol, type=1))

    mine, theirs = least_of_each(
        [lambda: jax.block_until_ready(ours(given)), theirs_solution],
        4 * repeats,
    )
    expected = theirs_solution()
    difference = float(np.max(np.abs(np.asarray(ours(given)) - expected)) / np.max(np.abs(expected)))
    return {
        "n": n,
        "seconds": mine,
        "scipy_seconds": theirs,
        "ratio": mine / theirs,
        "difference": difference,
    }


def cycle_bench(repeats: int) -> dict[str, Any]:
    """Multigrid V-cycles: factor of the residual a cycle, and time from the smaller grid to the larger."""
    factors: dict[str, float] = {}
    actions: list[Callable[[], object]] = []
    for n in CYCLE_SIZES:
        given = jnp.asarray(source(n))
        function = solver_function(choose(PROBLEM, "multigrid", loop="recorded"), n, TOLERANCE)
        norms = np.asarray(function(given)[1])
        norms = np.concatenate([[np.linalg.norm(given)], norms])
        falling = norms[norms > 1e-9 * norms[0]]
        factors[str(n)] = float(np.min(falling[:-1] / falling[1:]))
        counted = solver_function(choose(PROBLEM, "multigrid", loop="while"), n, TOLERANCE)
        actions.append(lambda run=counted, f=given: jax.block_until_ready(run(f)))
    small, large = least_of_each(actions, 4 * repeats)
    return {
        "seconds": dict(zip(map(str, CYCLE_SIZES), (small, large), strict=True)),
        "least_factor": factors,
        "growth": large / small,
        "growth_over_16": large / small / 16,
    }


def conjugate_bench(repeats: int) -> dict[str, Any]:
    """Conjugate gradients against scipy.sparse.linalg.cg on the same matrix to the same residual."""
    from scipy.sparse import eye_array, kron
    from scipy.sparse.linalg import cg

    n = CONJUGATE_SIZE
    f = source(n)
    side = eye_array(n, k=1) + eye_array(n, k=-1)
    line = (2.0 * eye_array(n) - side) * (n + 1) ** 2
    matrix = (kron(line, eye_array(n)) + kron(eye_array(n), line)).tocsr()
    ours, given = solver_function(choose(PROBLEM, "cg", loop="while"), n, TOLERANCE), jnp.asarray(f)
    mine, theirs = least_of_each(
        [lambda: jax.block_until_ready(ours(given)), lambda: cg(matrix, f.ravel(), rtol=TOLERANCE, atol=0.0)],
        max(1, repeats // 2),
    )
    u, count = ours(given)
    residuals = [
        float(np.linalg.norm(f.ravel() - matrix @ np.ravel(v)) / np.linalg.norm(f))
        for v in (np.asarray(u), cg(matrix, f.ravel(), rtol=TOLERANCE, atol=0.0)[0])
    ]
    return {
        "n": n,
        "seconds": mine,
        "scipy_seconds": theirs,
        "ratio": mine / theirs,
        "iterations": int(count),
        "residual": residuals[0],
        "scipy_residual": residuals[1],
    }


def measure(repeats: int) -> dict[str, Any]:
    """All three."""
    if importlib.util.find_spec("scipy") is None:
        raise UserError("bench needs SciPy, which is missing: pip install 'jit-synthesis[test]'")
    keep_large_blocks()
    return {
        "transform": transform_bench(repeats),
        "multigrid": cycle_bench(repeats),
        "conjugate": conjugate_bench(repeats),
    }


def print_bench(as_json: bool, repeats: int) -> None:
    """Prints the measurements."""
    found = measure(repeats)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    console = Console()
    for name, values in found.items():
        console.print(name, values)
