"""Solves one Poisson problem with several solvers, a batch of right-hand sides at once, and prints a program.

python examples/solve_poisson.py
"""

import jax
import jax.numpy as jnp

import pde
from pde.library import choose, solver_function

jax.config.update("jax_enable_x64", True)


def main() -> None:
    problem = pde.Problem(dimension=2, boundary="dirichlet", equation="poisson", solution="ridge")
    for solver in ("multigrid", "dst", "cg", "sor"):
        outcome = pde.solve(problem, solver=solver, n=63)
        print(f"{solver:10} error {outcome.error:.2e}  iterations {outcome.iterations}")

    solve = solver_function(choose(problem, "dst"), 63)
    batch = jnp.ones((8, 63, 63)) * jnp.arange(1.0, 9.0)[:, None, None]
    print("a batch of 8:", jax.vmap(solve)(batch).shape)

    variant = choose(problem, "cg")
    print(pde.assemble(variant, 15, use="gradient").source)


if __name__ == "__main__":
    main()
