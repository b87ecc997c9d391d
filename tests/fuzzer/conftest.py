"""The families of tests must be found by name in every process that a run starts."""

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent

os.environ["HF_HUB_OFFLINE"] = "1"
for folder in (HERE, ROOT):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
