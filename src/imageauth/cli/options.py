"""Options that several commands have."""

from typing import Annotated

import typer

from imageauth.report import Verdict

CODE_FOUND = 3
"""Exit code where ``--fail-on`` was met."""

FailOn = Annotated[
    list[Verdict] | None, typer.Option(help="Exit with 3 if any image has this verdict; can be given repeatedly.")
]

Online = Annotated[
    bool, typer.Option("--online", help="Fetch Content Credentials that lie elsewhere. Otherwise nothing is fetched.")
]
