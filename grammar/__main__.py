"""`python -m grammar`: proves every production, and writes that down for those who run this grammar as it is."""

import sys

import grammar
from grammar.proofs import Proofs


def main() -> None:
    """Exit status 2 and one sentence, with file and line, for a production that is not what it declares."""
    try:
        loaded = grammar.load()
        loaded.check()
        Proofs().note(loaded.modules)
    except grammar.UserError as error:
        print(f"grammar: {error}", file=sys.stderr)
        sys.exit(2)
    print(f"{len(loaded.tables.productions):,} productions of {len(loaded.modules)} modules are what they declare")


if __name__ == "__main__":
    main()
