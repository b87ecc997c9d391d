"""`python -m grammar`: proves every production, and writes that down for those who run this grammar as it is."""

from typing import NoReturn

from processes import ending

if __name__ == "__main__":
    ending.listen("grammar")  # before anything that takes time to import


def main() -> NoReturn:
    """Exit status 2 and one sentence, with file and line, for a production that is not what it declares."""
    ending.command("grammar", _answer)


def _answer() -> tuple[int, str]:
    import grammar
    from grammar.proofs import Proofs

    try:
        loaded = grammar.load()
        loaded.check()
        with ending.in_order():  # a file half written would be worse than none
            Proofs().note(loaded.modules)
    except grammar.UserError as error:
        return 2, str(error)
    print(f"{len(loaded.tables.productions):,} productions of {len(loaded.modules)} modules are what they declare")
    return 0, ""


if __name__ == "__main__":
    main()
