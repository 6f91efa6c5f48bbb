"""``imageauth export``"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """In which a model can be had."""

    LITERT = "litert"
    SAVED_MODEL = "saved-model"
    ONNX = "onnx"
    KERAS = "keras"


def export(
    model: Annotated[str, typer.Argument(help="A shipped model, or a path to a model folder.")],
    form: Annotated[Format, typer.Option("--format", help="litert is the model's own file; the others are float32.")],
    out: Annotated[
        Path,
        typer.Option(
            metavar="PATH",
            help="A new or empty folder; or a new file that ends in .tflite, .onnx or .keras, with its companions "
            "beside it.",
        ),
    ],
) -> None:
    """Write a model for another runtime, with its card, a README on what goes in and what comes out, and golden.npz: a
    drawn picture, its views and the answers, by which other code can prove itself.

    What is written is read back and asked about that picture first. Nothing is replaced.
    """
    from imageauth.training.formats.writing import export as write

    done = write(model, form.value, out)
    print(f"{done.card.name} {done.card.version} as {form.value}: {done.path} ({done.bytes / 1e6:,.1f} MB)")
    if form is not Format.LITERT:
        print(f"On the golden picture its score, a logit, differs by {done.difference:.2g} from that of the model.")
