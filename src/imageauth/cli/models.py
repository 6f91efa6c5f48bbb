"""``imageauth models``"""

import json
from typing import Annotated

import typer


def models(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[MODEL]...", help="Shipped models or model folders; default: all shipped."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The cards as JSON, one a line.")] = False,
) -> None:
    """Show models: name, size, SHA-256 and figures from their cards."""
    from imageauth.models import find_model, shipped_models
    from imageauth.pixels.card import Card

    for name in names or shipped_models():
        folder = find_model(name)
        card = Card.load(folder)
        if as_json:
            print(json.dumps(card.to_json()))
            continue
        size = (folder / card.file).stat().st_size / 1e6
        print(f"{card.name} {card.version}   {size:.2f} MB   sha256 {card.sha256}")
        print(f"  for: {card.domain.text}")
        for key, value in card.figures.items():
            shown = f"{value:.4g}" if isinstance(value, float) else value
            print(f"  {key.replace('_', ' ')}: {shown}")
