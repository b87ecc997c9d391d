"""Validation: a variant's program, executed as it is written, against the known solution on several grids."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from pde.errors import UserError
from pde.family.validated import KEY, Row
from pde.family.variant import BATCH, Program, Variant, assemble, grids, has_batched, solver_part
from pde.parts.part import Part, part
from pde.schemes.model import Model
from pde.solvers.table import SOLVERS
from processes.ending import awaited, in_order
from processes.services import Lacking
from processes.spawning import context

ORDER_SLACK = 0.25
SPECTRAL_ERROR = 1e-9
BATCH_SLACK = 0.01
"""Part by which the error of a member of a batch may exceed that of the solution alone."""
TASKS_A_WORKER = 60
"""A worker is replaced after as many variants, for JAX keeps what it has compiled."""
_EARLIER: dict[str, str | bool] = {"xla_cpu_use_fusion_emitters": False, "xla_cpu_parallel_codegen_split_count": "1"}
"""Options that XLA has no longer from JAX 0.11 on."""
FAST_COMPILATION: dict[str, str | bool] = {
    "xla_backend_optimization_level": "0",
    **(_EARLIER if jax.__version_info__ < (0, 11) else {}),
}
"""Compiling these small programs is most of the work; what they compute does not depend on it."""
GEOMETRIC_GAIN = 30.0
"""Least factor by which a spectral error above the bound falls from the coarsest grid to the finest."""


@dataclass(frozen=True)
class Result(Row):
    """What the validation of one combination found; a row of the table if it passed."""

    passed: bool
    seconds: float
    reason: str = ""


def run(program: Program) -> object:
    """Executes the module text and its entry on the problem's data."""
    namespace: dict[str, object] = {}
    exec(compile(program.source, "<program>", "exec"), namespace)
    entry: Any = namespace[program.entry]
    arguments = [jnp.asarray(item.values()) for item in program.inputs]
    return jax.jit(entry).lower(*arguments).compile(compiler_options=FAST_COMPILATION)(*arguments)


def error(variant: Variant, n: int) -> tuple[float, float, int, str]:
    """Spacing, largest error, iterations, and what is wrong with the iteration (nothing, if all is well)."""
    model = variant.model(n)
    output = run(assemble(variant, n))
    u, record = output if isinstance(output, tuple | list) else (output, None)
    size = _load(model) if variant.loop == "recorded" else 0.0
    count, wrong = _iterations(variant, record, solver_part(variant, model), size)
    return model.width, _distance(model, u), count, wrong


def _distance(model: Model, u: object) -> float:
    """Largest distance from the known solution."""
    exact = model.problem.sample(model.points)[0]
    if model.problem.singular:
        exact = exact - exact.mean()
    return float(np.max(np.abs(np.asarray(u) - exact)))


def _batch(variant: Variant, n: int, alone: float) -> tuple[int, str]:
    """Members of a batch that the form written for one solves as well as the program alone, and a complaint if not."""
    model = variant.model(n)
    if not has_batched(variant, model):
        return 0, ""
    output = run(assemble(variant, n, vectorisation="batched"))
    members = np.asarray(output[0] if isinstance(output, tuple | list) else output)
    largest = max(_distance(model, member / (k + 1)) for k, member in enumerate(members))
    good = largest <= (1 + BATCH_SLACK) * alone + SPECTRAL_ERROR
    return BATCH, "" if good else f"error {largest:.1e} in a batch instead of {alone:.1e}"


def _load(model: Model) -> float:
    """Norm of the discrete right-hand side, boundary data included."""
    load = model.wrap(part(_unsolved)).bind()
    return float(np.linalg.norm(np.asarray(load(*(jnp.asarray(item.values()) for item in model.data)))))


def _unsolved(f: Array) -> Array:
    return f


def _iterations(variant: Variant, record: object, solver: Part, size: float) -> tuple[int, str]:
    """The number of iterations, and a complaint where they were not enough."""
    bound_values = dict(solver.bound)
    if variant.loop == "while":
        count, limit = int(np.asarray(record)), int(bound_values["limit"])
        return count, "" if count < limit else f"not converged in {limit} iterations"
    if variant.loop == "recorded":
        norms = np.asarray(record)
        converged = norms[-1] <= 2 * variant.tolerance * max(size, norms.max())
        return len(norms), "" if converged else f"residual {norms[-1]:.1e} is left"
    return int(bound_values.get("iterations", bound_values.get("cycles", 0))), ""


def validate(variant: Variant) -> Result:
    """Runs the variant's programs on its grids and judges the order."""
    start = time.perf_counter()
    sizes = grids(variant)
    try:
        found = [error(variant, n) for n in sizes]
        batch, wrong = _batch(variant, sizes[0], found[0][1])
    except Exception as exception:
        return _result(variant, sizes, [], time.perf_counter() - start, f"{type(exception).__name__}: {exception}")
    return _result(variant, sizes, found, time.perf_counter() - start, wrong, batch)


def _result(
    variant: Variant,
    sizes: tuple[int, ...],
    found: list[tuple[float, float, int, str]],
    seconds: float,
    reason: str = "",
    batch: int = 0,
) -> Result:
    model = variant.model(sizes[-1])
    bound = SOLVERS[variant.solver].bound(model, variant.tolerance)
    names = {name: getattr(variant.problem, name) for name in KEY[:4]}
    names |= {name: getattr(variant, name) for name in KEY[4:]}
    observed, judged = (math.nan, reason) if reason else _judge(model.order, found)
    return Result(
        **names,
        grids=" ".join(map(str, sizes)),
        expected_order=float(model.order or math.nan),
        observed_order=round(observed, 4),
        max_error=float(f"{found[-1][1]:.4g}") if found else math.nan,
        iterations=found[-1][2] if found else 0,
        bound=bound,
        batch=batch,
        passed=not judged,
        seconds=round(seconds, 3),
        reason=judged.splitlines()[0][:200] if judged else "",
    )


def _judge(order: int | None, found: list[tuple[float, float, int, str]]) -> tuple[float, str]:
    """The order between the two finest grids, and the reason for which the variant fails, if it does."""
    (h0, e0, _, _), (h1, e1, _, _) = found[-2:]
    observed = math.log(max(e0, 1e-300) / max(e1, 1e-300)) / math.log(h0 / h1) if e0 != e1 else 0.0
    if wrong := next((w for *_, w in found if w), ""):
        return observed, wrong
    if not all(math.isfinite(e) for _, e, _, _ in found):
        return observed, "the solution is not finite"
    if order is None:
        geometric = found[-1][1] * GEOMETRIC_GAIN < found[0][1]
        return (
            observed,
            "" if e1 < SPECTRAL_ERROR or geometric else f"error {e1:.1e} is neither small nor falling",
        )
    return observed, "" if abs(observed - order) <= ORDER_SLACK else f"order {observed:.2f} instead of {order}"


def validate_in_worker(variant: Variant) -> dict[str, object]:
    """For a worker process: validates with 64 bits."""
    jax.config.update("jax_enable_x64", True)
    return asdict(validate(variant))


def validate_many(
    chosen: Sequence[Variant], workers: int, done: Callable[[dict[str, object]], None], limit: float = 600.0
) -> list[dict[str, object]]:
    """Validates in a pool of processes; a worker that dies or exceeds the limit fails its variant alone."""
    records: list[dict[str, object]] = []
    with in_order(), _pool(workers) as pool:
        waiting = [(v, pool.schedule(validate_in_worker, args=[v], timeout=limit)) for v in chosen]
        for variant, future in waiting:
            try:
                record = awaited(future)
            except Exception as exception:
                record = asdict(_result(variant, grids(variant), [], limit, f"{type(exception).__name__}: {exception}"))
            records.append(record)
            done(record)
    return records


@contextmanager
def _pool(workers: int) -> Generator[Any]:
    """Processes that are gone when the block is left, whatever they were doing."""
    from pebble import ProcessPool  # the library's users solve without a pool

    try:
        how = context()
    except Lacking as lacking:
        raise UserError(str(lacking)) from None
    pool = ProcessPool(max_workers=workers, max_tasks=TASKS_A_WORKER, context=how)
    try:
        yield pool
    finally:
        pool.stop()
        pool.join()
