"""``imageauth inspect``"""

import json
import sys
from typing import Annotated

import typer


def inspect(
    path: Annotated[str, typer.Argument(metavar="FILE|-", help="An image, or - for one on standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on one line.")] = False,
    online: Annotated[
        bool,
        typer.Option("--online", help="Fetch Content Credentials that lie elsewhere. Otherwise nothing is fetched."),
    ] = False,
) -> None:
    """Show all that a file says of itself, without a verdict: credentials, generator parameters, marks, camera data.

    Exit code: 0 read, 1 the file could not be read, 2 wrong usage.
    """
    from imageauth.cli.inputs import STDIN
    from imageauth.errors import ImageError
    from imageauth.images import read_bytes, read_sidecar, read_stream
    from imageauth.provenance import inspection
    from imageauth.provenance.trust import TrustLists
    from imageauth.rendering.text import failure_line
    from imageauth.rendering.tree import tree
    from imageauth.report import Failure

    try:
        data = read_stream(sys.stdin.buffer) if path == STDIN else read_bytes(path)
        sidecar = None if path == STDIN else read_sidecar(path)
        found = inspection.inspect(data, path, sidecar=sidecar, trust=TrustLists.load(), online=online)
    except ImageError as error:
        failure = Failure(path, error.code, str(error))
        if as_json:
            print(json.dumps(failure.to_json() | {"schema": inspection.SCHEMA}))
        print(failure_line(failure), file=sys.stderr)
        raise typer.Exit(1) from None
    told = found.to_json()
    print(
        json.dumps(told) if as_json else tree(path, {key: told[key] for key in told if key not in ("schema", "file")})
    )
