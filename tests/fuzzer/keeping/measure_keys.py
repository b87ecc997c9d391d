"""What the coordinator needs for so many rows: `measure_keys.py ROWS [MEGABYTES OF KEYS IN MEMORY]`.

Synthetic blocks of 64 rows, every structure new: the worst case, because rows of one structure share its key.
"""

import random
import sys
from collections import Counter
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).parents[3]))

BLOCK = 64


def private() -> int:
    """Bytes of this process that no file backs."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.split("RssAnon:")[1].split()[0])


if __name__ == "__main__":
    from fuzzer.base.split import SPLITS
    from fuzzer.keeping.keys import MEMORY
    from fuzzer.keeping.ledger import OwnLedger
    from fuzzer.keeping.selection import Selection
    from fuzzer.making.block import BlockKeys

    rows = int(float(sys.argv[1]))
    ledger = OwnLedger(4, int(sys.argv[2]) * 2**20 if sys.argv[2:] else MEMORY)
    selection, draw = Selection(rows, 100, 4, SPLITS, ledger), random.Random(0)
    before, seconds, most = private(), process_time(), 0.0
    for number in range(-(-rows // BLOCK)):
        ids, structures = (draw.randbytes(16 * BLOCK) for _ in range(2))
        selection.take(BlockKeys(number, 100, ids, structures, 0, 0, Counter(), fresh=True, memory=0, cpu=0.0))
        if number % 1024 == 1023 and selection.rows > 2e5:
            most = max(most, (private() - before) / selection.rows)
    size, cost = private() - before, (process_time() - seconds) / rows
    print(
        f"{selection.rows:,} rows: {size / rows:.1f} bytes a row in memory, {most:.1f} at worst on the way,"
        f" {ledger.spilled / rows:.1f} in files; {cost * 1e6:.0f} us of CPU a row"
    )
