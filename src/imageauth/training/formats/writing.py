"""``imageauth export``: a model in another runtime's form, with all that is needed to use it right.

Nothing lands before it was read back and asked about the golden picture, and nothing is replaced.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from imageauth.errors import ImageAuthError, ModelError
from imageauth.files import check_empty
from imageauth.models import find_model
from imageauth.pixels.card import FILE_NAME, Card
from imageauth.pixels.model import PixelModel, read_weights
from imageauth.training.formats.forms import FORMS, Form, Source
from imageauth.training.formats.golden import Floats, Golden
from imageauth.training.formats.page import page

GOLDEN, PAGE = "golden.npz", "README.md"
_NETWORK = "network"
# Between the model, whose layers pass on 8-bit numbers, and a form in float32: more in the golden picture's score would
# be a mistake of ours and no rounding. docs/export.md tells what was measured.
MAX_DIFFERENCE = 1.0


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        card: of the model.
        path: of the network's file, or of the folder that holds it.
        bytes: of the network.
        difference: in the golden picture's score, a logit, from the model's own.
    """

    card: Card
    path: Path
    bytes: int
    difference: float


def export(model: str | Path, form: str, out: Path) -> Exported:
    """Write a model in another form.

    Args:
        model: a shipped model's name, or a model folder.
        form: of :data:`~imageauth.training.formats.forms.FORMS`.
        out: a new or empty folder; or, ending as files of the form do, a new file, whose companions lie beside it.

    Raises:
        ModelError: there is no such model, it is damaged, or it has no such form.
        ImageAuthError: ``out`` is taken or cannot be written.
        MissingExtraError: a package is not installed.
    """
    chosen = FORMS[form]
    folder = find_model(model)
    card = Card.of(model)
    source = Source(folder, card, read_weights(folder, card))
    alone = chosen.suffix != "" and out.suffix.lower() == chosen.suffix
    names = _names(chosen, card, out, alone)
    if alone:
        _check_free([out.with_name(name) for name in names.values()])
    else:
        check_empty(out)
    chosen.require()
    with _writing(out) as room:
        made = room / "new"
        network = made / names[_NETWORK] if chosen.file else made
        network.parent.mkdir(exist_ok=True)
        chosen.write(source, network)
        size = _bytes(network)
        golden = Golden.of(card)
        by_litert = PixelModel.load(folder).ask(golden.views.pixels)
        said = chosen.ask(network)(golden.views.pixels)
        difference = _difference(golden, said, by_litert)
        shutil.copyfile(folder / FILE_NAME, made / names[FILE_NAME])
        np.savez_compressed(made / names[GOLDEN], allow_pickle=False, **golden.arrays(said, by_litert))
        (made / names[PAGE]).write_text(page(card, chosen, names, golden), encoding="utf-8")
        if alone:
            for name in reversed(names.values()):  # the network last: where it is, the rest is
                (made / name).rename(out.with_name(name))
        else:
            if out.is_dir():
                out.rmdir()
            made.rename(out)
    return Exported(card, out if alone or not chosen.file else out / names[_NETWORK], size, difference)


def _names(form: Form, card: Card, out: Path, alone: bool) -> dict[str, str]:
    """Of the network and its companions, in the folder ``out`` or, where it names a file that stands alone, beside it.

    Raises:
        ImageAuthError: ``out`` ends as files of another form do.
    """
    others = (other.name for other in FORMS.values() if not alone and "" != other.suffix == out.suffix.lower())
    if other := next(others, None):
        raise ImageAuthError(f"{out} ends as a file of the format {other} does, and {form.name} was asked for")
    companions = (FILE_NAME, GOLDEN, PAGE)
    if alone:
        return {_NETWORK: out.name, **{name: f"{out.stem}.{name}" for name in companions}}
    return {_NETWORK: form.file_of(card), **{name: name for name in companions}}


def _check_free(files: Sequence[Path]) -> None:
    """Nothing is replaced.

    Raises:
        ImageAuthError: one of the files is there.
    """
    if taken := next((path for path in files if os.path.lexists(path)), None):
        raise ImageAuthError(f"{taken} exists already; choose a new name, or an empty folder")


@contextmanager
def _writing(out: Path) -> Iterator[Path]:
    """A folder beside ``out`` to prepare things in, gone in the end.

    Raises:
        ImageAuthError: it cannot be written, or the disk is full.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".imageauth-export-", dir=out.parent) as room:
            yield Path(room)
    except OSError as error:
        raise ImageAuthError(f"{out} cannot be written: {error.strerror or error}") from error


def _difference(golden: Golden, said: Floats, by_litert: Floats) -> float:
    """Between two scores of the golden picture.

    Raises:
        ModelError: it is more than rounding.
    """
    if said.shape != by_litert.shape or not np.isfinite(said).all():
        raise ModelError("what was written does not answer as the model does; this is a mistake of ours")
    difference = abs(float(golden.scores(said).pooled[0] - golden.scores(by_litert).pooled[0]))
    if difference > MAX_DIFFERENCE:
        raise ModelError(f"what was written differs from the model by {difference:.2g} in the golden picture's score")
    return difference


def _bytes(path: Path) -> int:
    return sum(file.stat().st_size for file in ([path] if path.is_file() else path.rglob("*")) if file.is_file())
