"""A picture of a solution and its error."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np

from pde.errors import UserError
from pde.library import Outcome
from pde.validation.records import check_writable

FORMATS = (".png", ".jpg", ".svg", ".pdf")


def check_picture(path: Path) -> None:
    """Raises UserError where no picture can be written: before anything is solved for it."""
    if importlib.util.find_spec("matplotlib") is None:
        raise UserError("--plot needs matplotlib, which is missing: pip install 'jit-synthesis[plot]'")
    check_writable("--plot", path)
    if path.suffix.lower() not in FORMATS:
        raise UserError(f"--plot {str(path)!r} ends in {path.suffix!r}: end it in one of {', '.join(FORMATS)}")


def save(outcome: Outcome, path: Path) -> None:
    """Writes the picture; needs the extra `plot`. Raises UserError where the file cannot be written."""
    from matplotlib.figure import Figure  # pyright: ignore[reportMissingImports] - an optional extra

    exact = outcome.variant.problem.sample(outcome.points)[0]
    u = np.asarray(outcome.u)
    difference = u - (exact - exact.mean() if outcome.variant.problem.singular else exact)
    figure = Figure(figsize=(9, 4), layout="constrained")
    for axes, values, title in zip(figure.subplots(1, 2), (u, difference), ("solution", "error"), strict=True):
        axes.set_title(title)
        if u.ndim == 1:
            axes.plot(outcome.points[..., 0], values)
        else:
            image = axes.pcolormesh(outcome.points[..., 0], outcome.points[..., 1], values)
            figure.colorbar(image, ax=axes)
    try:
        figure.savefig(path)
    except OSError as error:
        raise UserError(f"--plot {str(path)!r} cannot be written ({error.strerror}): name another file") from None
