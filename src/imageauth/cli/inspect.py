"""``imageauth inspect``"""

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imageauth.cli.options import Online

if TYPE_CHECKING:
    from imageauth.provenance.inspection import Inspection


def inspect(
    path: Annotated[str, typer.Argument(metavar="FILE|-", help="An image, or - for one on standard input.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on one line.")] = False,
    online: Online = False,
) -> None:
    """Show all that a file says of itself, without a verdict: credentials, generator parameters, marks, camera data.

    Exit code: 0 read, 1 the file could not be read, 2 wrong usage.
    """
    from imageauth.cli.inputs import STDIN
    from imageauth.errors import ImageError
    from imageauth.images import read_bytes, read_sidecar, read_stream
    from imageauth.provenance import inspection
    from imageauth.provenance.trust import load as load_trust
    from imageauth.rendering.text import failure_line
    from imageauth.rendering.tree import tree
    from imageauth.report import Failure

    try:
        data = read_stream(sys.stdin.buffer) if path == STDIN else read_bytes(path)
        sidecar = None if path == STDIN else read_sidecar(path)
        found = inspection.inspect(data, path, sidecar=sidecar, trust=load_trust(), online=online)
    except ImageError as error:
        failure = Failure(path, error.code, str(error))
        if as_json:
            print(json.dumps(failure.to_json() | {"schema": inspection.SCHEMA}))
        print(failure_line(failure), file=sys.stderr)
        raise typer.Exit(1) from None
    print(json.dumps(found.to_json()) if as_json else tree(path, _shown(found)))


def _shown(found: "Inspection") -> dict[str, Any]:
    """What a person wants to see of it: not how each trust list came here, which ``imageauth trust`` shows."""
    told = {key: value for key, value in found.to_json().items() if key not in ("schema", "file")}
    if credentials := told["credentials"]:
        credentials["trust_lists"] = [item["title"] for item in credentials["trust_lists"]]
    return told
