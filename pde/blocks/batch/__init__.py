"""Twins, written anew for a batch, whose axis 0 counts its members: to import them is to declare them."""

from pde.blocks.batch import (
    adi,
    compact,
    direct,
    entry,
    flux,
    krylov,
    matrices,
    multigrid,
    operators,
    relaxation,
    transforms,
    wide,
)
from pde.blocks.batching import form_of

__all__ = [
    "adi",
    "compact",
    "direct",
    "entry",
    "flux",
    "form_of",
    "krylov",
    "matrices",
    "multigrid",
    "operators",
    "relaxation",
    "transforms",
    "wide",
]
