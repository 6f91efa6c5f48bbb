"""``imageauth models``"""

import json
import sys
from typing import Annotated

import typer


def models(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MODEL]...", help="Names or model folders; default: all shipped and plugged-in ones."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The cards as JSON, one a line.")] = False,
) -> None:
    """Show models: name, size, SHA-256 and figures from their cards.

    Exit code: 0 all shown, 1 the model of a plug-in cannot be used, 2 there is no such model.
    """
    from imageauth.errors import ImageAuthError
    from imageauth.models import find_model, plugin_model, plugin_models, shipped_models
    from imageauth.pixels.card import Card

    failed = False
    if names:
        wanted = [(name, plugin_model(name)) for name in names]
    else:
        wanted = [*((name, None) for name in shipped_models()), *((plugin.name, plugin) for plugin in plugin_models())]
    for name, plugin in wanted:
        try:
            if plugin and plugin.refused:
                raise plugin.error(plugin.refused)
            card = Card.of(name)
            size = (find_model(name) / card.file).stat().st_size / 1e6
        except (ImageAuthError, OSError) as error:
            if not plugin:
                raise
            reason = plugin.error(f"cannot be read: {error.strerror}") if isinstance(error, OSError) else error
            print(f"imageauth: {reason}", file=sys.stderr)
            failed = True
            continue
        if as_json:
            print(json.dumps({**card.to_json(), **({"plugin": plugin.label} if plugin else {})}))
            continue
        origin = f"   from {plugin.label}" if plugin else ""
        print(f"{card.name} {card.version}   {size:.2f} MB   sha256 {card.sha256}{origin}")
        print(f"  for: {card.domain.text}")
        for key, value in card.figures.items():
            shown = f"{value:.4g}" if isinstance(value, float) else value
            print(f"  {key.replace('_', ' ')}: {shown}")
    if failed:
        raise typer.Exit(1)
