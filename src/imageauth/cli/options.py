"""Options that several commands have."""

from typing import Annotated

import typer

Online = Annotated[
    bool, typer.Option("--online", help="Fetch Content Credentials that lie elsewhere. Otherwise nothing is fetched.")
]
