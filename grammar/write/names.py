"""Names a person would give: by the role of an argument, by what a production computes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from grammar.text.words import RESERVED
from grammar.values.types import BOOL, COMPLEX, INTS, KEY, ArrayType

_PLAIN_ROLES = frozenset(
    ("x", "y", "z", "a", "b", "c", "u", "v", "operand", "array", "value", "xs", "init", "first", "second", "third")
)

_ARGUMENTS = {
    0: ("scale", "alpha", "temperature", "gamma", "beta", "rate", "eps"),
    1: ("x", "v", "bias", "weights", "signal", "u", "theta", "y", "samples"),
    2: ("x", "inputs", "features", "w", "data", "y", "embeddings", "points", "h"),
    3: ("x", "inputs", "sequence", "tokens", "y", "hidden", "frames", "states"),
    4: ("x", "images", "inputs", "feature_maps", "patches", "y", "batch"),
}
_RESULTS = {
    0: ("total", "value", "score", "loss", "result", "out"),
    1: ("y", "values", "out", "vec", "coeffs", "z", "result"),
    2: ("h", "y", "out", "hidden", "z", "features", "result", "mat"),
    3: ("h", "out", "y", "hidden", "z", "states", "blocks"),
    4: ("out", "h", "y", "maps", "z", "blocks", "volume"),
}
_BY_REFINEMENT = {
    "key": ("key", "rng", "subkey"),
    "index": ("indices", "idx", "labels", "positions", "ids"),
    "spd": ("cov", "matrix", "gram", "precision"),
    "positive": ("scale", "variance", "weights", "rates", "sigma"),
    "nonnegative": ("weights", "counts", "intensity", "levels"),
    "probability": ("probs", "p", "rates", "keep_prob"),
    "simplex": ("probs", "weights", "attn", "p"),
}
_FUNCTIONS = {
    "body": ("body", "step", "body_fn", "update"),
    "fun": ("fn", "inner", "layer", "apply_fn", "block"),
    "step": ("step", "step_fn", "update", "advance"),
    "loss": ("loss_fn", "objective", "loss", "energy"),
    "on_true": ("true_fn", "on_true", "then_fn"),
    "on_false": ("false_fn", "on_false", "else_fn"),
    "branch": ("branch", "case_fn", "branch_fn"),
    "helper": ("block", "layer", "helper", "transform", "mix", "project", "stage"),
}
_DEFAULTS = {
    0.05: ("eps", "lr", "weight_decay", "tol"),
    1.0: ("alpha", "decay", "momentum", "rate"),
    float("inf"): ("scale", "gain", "temperature", "factor"),
}
"""Names of numbers below each of these."""
_VERBS = {
    "compute": "Computes",
    "apply": "Applies",
    "evaluate": "Evaluates",
    "estimate": "Estimates",
    "get": "Returns",
}
_WHOLE = {
    "forward": "Runs the forward pass",
    "model": "Evaluates the model",
    "compute": "Computes the output",
    "transform": "Transforms the inputs",
    "encode": "Encodes the inputs",
    "update": "Performs one update",
    "step": "Performs one step",
    "evaluate": "Evaluates the model",
    "apply_layer": "Applies the layer",
}


def argument_names(of: ArrayType, role: str) -> Sequence[str]:
    """Candidates for an argument, best first."""
    own = (role,) if role not in _PLAIN_ROLES else ()
    return (*own, *_kind_names(of, _ARGUMENTS))


def result_names(of: ArrayType, first: str = "") -> Sequence[str]:
    """Candidates for what a production computes, best first, which is `first` where that is not empty."""
    return (*((first,) if first else ()), *_kind_names(of, _RESULTS))


def _kind_names(of: ArrayType, by_rank: dict[int, tuple[str, ...]]) -> Sequence[str]:
    """Candidates by what is special in a type: its refinement, its dtype, or else its rank."""
    if of.refinement.name in _BY_REFINEMENT:
        return _BY_REFINEMENT[of.refinement.name]
    if of.dtype == KEY:
        return _BY_REFINEMENT["key"]
    if of.dtype in BOOL:
        return ("mask", "valid", "flags", "cond", "is_active")
    if of.dtype in COMPLEX:
        return ("z", "spectrum", "w", "amplitudes")
    if of.dtype in INTS:
        return ("n", "step", "count") if not of.shape else ("ids", "counts", "codes", "steps", "k")
    return by_rank.get(len(of.shape), by_rank[4])


def default_names(value: float) -> Sequence[str]:
    """Candidates for a parameter that has this number as its default."""
    return next(names for bound, names in _DEFAULTS.items() if value < bound)


def function_names(role: str) -> Sequence[str]:
    """Candidates for a function that stands for a production's parameter."""
    return _FUNCTIONS.get(role, (role, f"{role}_fn"))


def entry_names(result: str) -> Sequence[str]:
    """Candidates for the entry's name, given the name of what it returns."""
    if len(result) > 2:
        return (*(f"{verb}_{result}" for verb in _VERBS), *_WHOLE)
    return tuple(_WHOLE)


def sentence(entry: str) -> str:
    """What an entry does, from its name, without the full stop."""
    if entry in _WHOLE:
        return _WHOLE[entry]
    verb, _, what = entry.partition("_")
    return f"{_VERBS.get(verb, 'Computes')} the {what.replace('_', ' ') or 'result'}"


class Names:
    """The names of one function; `shared` has those of its module, `taken` those of the functions around it."""

    def __init__(self, shared: ModuleNames, taken: Iterable[str] = ()) -> None:
        self._shared = shared
        self.taken = set(taken)

    def fresh(self, candidates: Sequence[str]) -> str:
        """The first candidate that is free here, or else the first of all with a number."""
        label = _first_free(candidates, self.taken | self._shared.functions)
        self.taken.add(label)
        self._shared.everywhere.add(label)
        return label


class ModuleNames:
    """The names of a module, in which no function shares its name with anything."""

    def __init__(self) -> None:
        self.functions: set[str] = set()
        self.everywhere: set[str] = set()

    def function(self, candidates: Sequence[str]) -> str:
        """The first candidate that is free in the whole module, for a function, or else the first with a number."""
        label = _first_free(candidates, self.everywhere)
        self.functions.add(label)
        self.everywhere.add(label)
        return label


def _first_free(candidates: Sequence[str], taken: set[str]) -> str:
    for label in candidates:
        if label not in taken and label not in RESERVED:
            return label
    number = 2
    while f"{candidates[0]}_{number}" in taken:
        number += 1
    return f"{candidates[0]}_{number}"
