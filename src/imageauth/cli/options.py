"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

Online = Annotated[
    bool, typer.Option("--online", help="Fetch Content Credentials that lie elsewhere. Otherwise nothing is fetched.")
]
Model = Annotated[
    str, typer.Option(help="A shipped model, a path to a model folder, or auto: the shipped one for each size.")
]
PolicyFile = Annotated[
    Path | None,
    typer.Option(metavar="F.toml", help="What may decide, and from which probabilities; see docs/policy.md."),
]
