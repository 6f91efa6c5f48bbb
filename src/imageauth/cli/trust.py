"""``imageauth trust``"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imageauth.cli.guard import guarded

if TYPE_CHECKING:
    from imageauth.provenance.trust import TrustLists

app = typer.Typer(rich_markup_mode=None, help="The C2PA trust lists in use: whose Content Credentials count.")


def show(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Show the trust lists in use: where they are from, when they were fetched, how many entries, SHA-256.

    Without lists no signer of Content Credentials can be checked; `imageauth trust update` gets them.
    """
    if context.invoked_subcommand is not None:
        return
    from imageauth.provenance.trust import lists_path, load

    lists = load()
    if as_json:
        import json

        print(json.dumps({"path": str(lists_path()), "lists": lists.summary()}))
        return
    _print(lists)


def update(
    from_file: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="A list as published (PEM, JSON, store.cfg), a folder or zip of them, or a PEM file of your own; "
            "repeatable. Default: fetch all published lists.",
        ),
    ] = None,
) -> None:
    """Get the official C2PA trust lists and the older interim one, check them, and keep them with date and hash.

    This is the only command that goes to the network for lists, and it sends nothing about your files. Either all lists
    change or none.
    """
    from imageauth.provenance.trust import update as get_lists

    _print(get_lists(from_file or None))


def _print(lists: "TrustLists") -> None:
    from imageauth.provenance.trust import lists_path

    if not lists.lists:
        print("No trust lists on this machine: no signer of Content Credentials can be checked.")
        print("Get them:        imageauth trust update")
        print("Without network: imageauth trust update --from FILE (a list as published, a folder or a zip of them)")
        return
    for item in lists.lists:
        what = "purposes" if item.name == "purposes" else "certificates"
        print(f"{item.title}: {item.entries} {what}")
        dates = [f"fetched {item.fetched[:10]}"]
        dates += [f"issued {item.issued[:10]}"] if item.issued else []
        dates += [f"next update {item.next_update[:10]}"] if item.next_update else []
        print(f"  {', '.join(dates)}")
        print(f"  from {item.source}")
        print(f"  sha256 {item.sha256}")
    print(f"Kept in {lists_path()}")


app.callback(invoke_without_command=True)(guarded(show))
app.command()(guarded(update, when_stopped="no list was changed"))
