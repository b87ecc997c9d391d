"""Extracts the IR of a function of one's own: texts, fingerprints, and what each line came from."""

import inspect

import jax
import jax.numpy as jnp

import lowering


def normalise(x, scale):
    centred = x - jnp.mean(x, axis=0)
    return jnp.where(jnp.abs(centred) > 3.0, 0.0, centred) * scale


def main() -> None:
    lowered = lowering.extract(
        normalise, jax.ShapeDtypeStruct((8, 3), "float32"), jax.ShapeDtypeStruct((3,), "float32")
    )
    traced = lowered.traced
    print("inputs    ", traced.inputs)
    print("outputs   ", traced.outputs)
    print("id        ", traced.id)
    print("structure ", traced.structure)
    print("primitives", traced.primitives)
    print("\nJAXPR\n" + traced.jaxpr)
    print("\nStableHLO\n" + lowered.stablehlo)

    lines = inspect.findsource(normalise)[0]
    print("source span -> lines of JAXPR, lines of StableHLO")
    for entry in lowered.source_map:
        text = lines[entry.line - 1][entry.column : entry.end_column]
        print(f"  {text:50} {entry.jaxpr_lines} {entry.stablehlo_lines}")


if __name__ == "__main__":
    main()
