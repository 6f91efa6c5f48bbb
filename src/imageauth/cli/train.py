"""``imageauth train``"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imageauth.cli.guard import guarded
from imageauth.silence import silenced

if TYPE_CHECKING:
    from imageauth.pixels.card import Card

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Train a model with TensorFlow/Keras.")


Out = Annotated[Path, typer.Option(help="Folder of the run; the finished model lands in its model/ folder.")]


@app.callback()
def root() -> None:
    """Train a model with TensorFlow/Keras."""


def cifake(
    data: Annotated[Path, typer.Option(help="Folder made by: imageauth data cifake")],
    out: Out,
    network: Annotated[
        str | None,
        typer.Option(
            help="pocket (default), pocket-grown (pocket, widened and trained on), pocket-taught (what ships: taught "
            "by pocket-teacher, a larger one; on an accelerator, with KERAS_BACKEND=jax), pocket-teacher or paper "
            "(Bird & Lotfi's CNN)."
        ),
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the training images.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of weights, order and augmentation.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=JSON", help="Any other setting of the recipe, e.g. --set learning_rate=0.05"
        ),
    ] = None,
    elsewhere: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Pictures of other kinds, a sub-folder for each source: they teach the model to say when an image is "
            "unlike those that it knows.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in --out after a stop or a crash.")
    ] = False,
) -> None:
    """Train, calibrate and export a model on CIFAKE; every setting and figure goes into run.json."""
    changes: dict[str, Any] = {}
    for text in settings or []:
        name, separator, value = text.partition("=")
        try:
            changes[name.strip()] = json.loads(value) if separator else None
        except ValueError:
            changes[name.strip()] = value
        if not separator:
            raise typer.BadParameter(f"{text!r} is not NAME=JSON", param_hint="--set")
    changes |= {key: value for key, value in {"epochs": epochs, "seed": seed}.items() if value is not None}

    from imageauth.errors import MissingExtraError
    from imageauth.rendering.progress import progress

    try:
        with silenced():
            from imageauth.training.record import Progress
            from imageauth.training.runs import recipe_for, train_cifake
    except ImportError as error:
        raise MissingExtraError("training", "jax" if error.name == "jax" else "train") from error
    recipe = recipe_for(out, network, changes, resume=resume)
    with progress("training", None) as tell:

        def on_step(now: Progress) -> None:
            accuracy = "" if now.accuracy is None else f", validation {now.accuracy:.2%}"
            tell(now.step, now.steps, f"epoch {now.epoch}/{now.epochs}, loss {now.loss:.4f}{accuracy}")

        def on_image(done: int, total: int) -> None:
            tell(done, total, "images looked at")

        card = train_cifake(data, out, recipe, elsewhere=elsewhere, resume=resume, on_step=on_step, on_image=on_image)
    _show(out, card)
    if (out / "logs").is_dir():
        print(f"Curves: tensorboard --logdir {out / 'logs'}")


def photo(
    data: Annotated[Path, typer.Option(help="Folder made by: imageauth data photos")],
    out: Out,
    encoder: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="CLIP ViT-B/16's weights, .safetensors or .onnx; default: openai/clip-vit-base-patch16 from Hugging "
            "Face.",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that look at pictures; default: the usable cores.")
    ] = None,
) -> None:
    """Quantise CLIP's tower, fit heads on it, judge them leave-sources-out, calibrate and export.

    A stopped run goes on with the same command.
    """
    from imageauth.errors import MissingExtraError
    from imageauth.rendering.progress import progress

    try:
        with silenced():
            from imageauth.training.photo_runs import train_photo
    except ImportError as error:
        raise MissingExtraError("training", "train") from error
    with progress("training", None) as tell:
        card = train_photo(
            data, out, tower=encoder, workers=workers, progress=lambda what, done, total: tell(done, total, what)
        )
    _show(out, card)


def folder(
    data: Annotated[
        Path,
        typer.Option(
            help="Your pictures: a folder with REAL/ and FAKE/, with a sub-folder for each camera, generator or site."
        ),
    ],
    out: Out,
    model: Annotated[str, typer.Option(help="What to begin with: photo, or the folder of a model like it.")] = "photo",
    name: Annotated[
        str | None, typer.Option(help="Of the new model, as reports show it; default: the old one's and -own.")
    ] = None,
    validation: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Another folder with REAL/ and FAKE/, never learned from, to judge both models on."
        ),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=20, metavar="N", help="At most N pictures of each class; default: 2,000.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the choice among more, and of random folds.")] = 0,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes that look at pictures; default: the usable cores.")
    ] = None,
) -> None:
    """Tune the model photo to your own pictures: minutes for some hundred on two cores.

    Looks the pictures through first (copies, damage, what gives the classes away without a look), holds out by source,
    begins with the shipped heads and leaves them as far as held-out pictures say, calibrates, and shows figures before
    and after on your pictures and on those that ship. A stopped run goes on with the same command.
    """
    import sys

    from imageauth.errors import MissingExtraError
    from imageauth.rendering.progress import progress

    try:
        with silenced():
            from imageauth.training.export import MODEL_FOLDER
            from imageauth.training.own.run import LIMIT, Wish, train_folder
    except ImportError as error:
        raise MissingExtraError("training", "train") from error

    def say(line: str) -> None:
        warning = line.startswith("warning: ")
        print(f"imageauth: {line}" if warning else line, file=sys.stderr if warning else sys.stdout, flush=True)

    wish = Wish(data, out, model, name, validation, limit or LIMIT, seed, workers)
    with progress("training", None) as tell:
        made = train_folder(wish, progress=lambda what, done, total: tell(done, total, what), say=say)
    print(f"\n{out / MODEL_FOLDER}: {made.card.name} {made.card.version}, sha256 {made.card.sha256}\n")
    print("\n".join(made.comparison))
    for line in made.warnings:
        say(f"warning: {line}")
    print(f"Try it: imageauth check FILE --model {out / MODEL_FOLDER}")


def _show(out: Path, card: "Card") -> None:
    """What a run gave, and how to try it."""
    from imageauth.training.export import MODEL_FOLDER

    print(f"{out / MODEL_FOLDER}: {card.name} {card.version}, sha256 {card.sha256}")
    for key, value in card.figures.items():
        print(f"  {key}: {value}")
    print(f"\nTry it: imageauth check FILE --model {out / MODEL_FOLDER}")


app.command()(guarded(cifake, when_stopped="add --resume to go on"))
app.command()(guarded(photo, when_stopped="the same command goes on"))
app.command()(guarded(folder, when_stopped="the same command goes on"))
