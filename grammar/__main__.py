"""`python -m grammar`: proves every production, and writes that down for those who run this grammar as it is."""

from typing import Annotated, NoReturn

from processes import ending

if __name__ == "__main__":
    ending.listen("grammar")  # before anything that takes time to import

import typer

import grammar
from processes.commands import STATUSES, answer, counted, tell_version

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.command(epilog=STATUSES)
def prove(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=tell_version, help="Print the version.")
    ] = False,
) -> None:
    """Proves every production, and writes that down for those who run this grammar as it is."""
    from grammar.proof.proofs import Proofs  # imports JAX

    loaded = grammar.load()
    loaded.check()
    with ending.in_order():  # a file half written would be worse than none
        Proofs().note(loaded.modules)
    productions, modules = len(loaded.tables.productions), len(loaded.modules)
    print(f"{counted(productions, 'production')} of {counted(modules, 'module')} are what they declare")


def main() -> NoReturn:
    """Ends the process; `processes.commands.STATUSES` says with what status."""
    ending.command("grammar", lambda: answer("grammar", app))


if __name__ == "__main__":
    main()
