"""``imageauth verify-report``"""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from imageauth.cli.options import CODE_FOUND, Online
from imageauth.cli.terminal import terminal


def verify_report(
    report: Annotated[
        Path,
        typer.Argument(
            metavar="REPORT", help="An HTML or PDF report, or what check --json, the service or a scan (.jsonl) wrote."
        ),
    ],
    images: Annotated[
        list[str] | None,
        typer.Argument(metavar="IMAGE", help="The files that it speaks of; with none, only its signature is checked."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on one line.")] = False,
    model: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="The folder of the report's model, where it is none of those that ship."),
    ] = None,
    policy: Annotated[
        Path | None,
        typer.Option(metavar="F.toml", help="The report's policy file, where it has one and does not carry it."),
    ] = None,
    signature: Annotated[
        Path | None,
        typer.Option(metavar="F.p7s", help="The report's signature; by default REPORT.p7s, if it is there."),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option(metavar="CA.pem", help="Certificates of those whom you trust as its signer or their issuer."),
    ] = None,
    online: Online = False,
) -> None:
    """Check pictures again and say, point by point, what agrees with a report about them.

    Marks: ✓ agrees, ≠ differs, – could not be compared. The report is repeated with the model and the policy that it
    names; its signature, if it has one, is checked over all its bytes.

    Exit code: 0 all agrees, 1 a file could not be read, 2 wrong usage, 3 something differs or cannot be repeated here.
    """
    from imageauth.escaping import printable
    from imageauth.policy import read_policy
    from imageauth.signing import read_certificates
    from imageauth.verification import UnreadableError
    from imageauth.verification import verify_report as verify
    from imageauth.verification.text import table

    rules = read_policy(policy) if policy else None
    authorities = read_certificates(ca) if ca else None
    try:
        found = verify(
            report,
            images or [],
            model=model,
            policy=rules,
            signature=signature,
            authorities=authorities,
            online=online,
        )
    except UnreadableError as error:
        print(f"imageauth: {printable(str(error))}", file=sys.stderr)
        raise typer.Exit(1) from None
    if as_json:
        print(json.dumps(found.to_json()))
    else:
        colour, width = terminal()
        print(table(found, colour=colour, width=width or 100))
    if found.outcome in ("differs", "not-repeated"):
        raise typer.Exit(CODE_FOUND)
    if found.outcome == "unreadable":
        raise typer.Exit(1)
