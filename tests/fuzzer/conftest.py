"""The families of tests must be found by name in every process that a run starts."""

import os
import sys
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
for folder in (Path(__file__).parent, Path(__file__).parents[2]):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of the run of `SMALL` that others are compared with, made without worker processes."""
    from runs import contents, make

    out = tmp_path_factory.mktemp("undisturbed") / "run"
    make(out)
    return contents(out)
