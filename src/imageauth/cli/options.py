"""Options that several commands have."""

from pathlib import Path
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
Model = Annotated[
    str,
    typer.Option(help="A shipped or plugged-in model, a model folder, or auto: the shipped one for each size."),
]
PolicyFile = Annotated[
    Path | None,
    typer.Option(metavar="F.toml", help="What may decide, and from which probabilities; see docs/policy.md."),
]
Split = Annotated[str | None, typer.Option(help="Which split of a folder made by imageauth data (default: test).")]
JsonFile = Annotated[
    str | None, typer.Option("--json", metavar="F", help="Write the figures as JSON; - for standard output.")
]
HtmlFile = Annotated[Path | None, typer.Option("--html", metavar="F", help="Write a page with plots.")]
Limit = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="At most N images of each class, always the same ones.")
]
