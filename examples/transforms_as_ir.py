"""What vmap, grad and scan do to a function, seen in its JAXPR."""

import jax
import jax.numpy as jnp
from jax import lax

import lowering


def energy(x):
    return jnp.sum(jnp.sin(x) ** 2)


def rollout(x):
    def step(position, _):
        moved = position - 0.1 * jax.grad(energy)(position)
        return moved, energy(moved)

    return lax.scan(step, x, length=5)


VECTOR = jax.ShapeDtypeStruct((3,), "float32")
BATCH = jax.ShapeDtypeStruct((8, 3), "float32")


def main() -> None:
    shown = {
        "the function": lowering.trace(energy, VECTOR),
        "vmap: every value gains an axis, no loop appears": lowering.trace(jax.vmap(energy), BATCH),
        "grad: the same equations, then their transposes": lowering.trace(jax.grad(energy), VECTOR),
        "scan: the body is a JAXPR inside one equation": lowering.trace(rollout, VECTOR),
    }
    for title, traced in shown.items():
        print(f"{title}\n{traced.jaxpr}\n  {traced.equations} equations: {traced.primitives}\n")
    operations = shown["scan: the body is a JAXPR inside one equation"].lower().stablehlo_ops
    print(f"scan in StableHLO is a while loop: {operations}")


if __name__ == "__main__":
    main()
