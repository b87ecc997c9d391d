"""The command line with a family of the tests instead of the grammar's: `drive.py FAMILY [OPTION]...`."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent.parent)]

if __name__ == "__main__":
    from processes import ending

    ending.listen("fuzzer")  # as the command does
    import run_families

    import fuzzer.run.run
    from fuzzer.cli import main

    spec = getattr(run_families, sys.argv.pop(1))
    fuzzer.run.run.families = lambda options: [fuzzer.run.run.FamilyRun(spec, options.shards)]
    main()
