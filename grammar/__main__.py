"""`python -m grammar`: proves every production, and writes that down for those who run this grammar as it is."""

from processes import ending

if __name__ == "__main__":
    ending.listen("grammar")  # before anything that takes time to import

import grammar
from grammar.proofs import Proofs


def main() -> None:
    """Exit status 2 and one sentence, with file and line, for a production that is not what it declares."""
    try:
        loaded = grammar.load()
        loaded.check()
        with ending.in_order():  # a file half written would be worse than none
            Proofs().note(loaded.modules)
    except grammar.UserError as error:
        ending.finish(2, f"grammar: {error}")
    print(f"{len(loaded.tables.productions):,} productions of {len(loaded.modules)} modules are what they declare")
    ending.finish(0)


if __name__ == "__main__":
    main()
