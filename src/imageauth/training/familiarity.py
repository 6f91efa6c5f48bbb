"""A second answer of the network: is this picture like those that it was trained and measured on?

A classifier answers every picture, and is as sure of what it never saw. Outlier exposure (Hendrycks et al. 2019,
arXiv:1812.04606) teaches a detector of such pictures with examples from elsewhere. Here that detector is one linear
layer on what the trained network sees anyway, the means and deviations of its stages, so that neither its verdict
nor its speed changes.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import keras
import numpy as np
import numpy.typing as npt
import PIL.Image
from keras import layers

from imageauth.errors import DataError, ImageError
from imageauth.evaluation.dataset import walk
from imageauth.images import has_image_suffix, read_image
from imageauth.pixels.degradations import recompress
from imageauth.training.degradations import Reach, degrade_at_random
from imageauth.training.fit import outputs
from imageauth.training.heads import linear, seen
from imageauth.training.holding_out import held_out
from imageauth.training.recipe import Recipe

if TYPE_CHECKING:
    from keras import Model

Pictures = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Progress = Callable[[int, int], None]

UNFAMILIAR = "unfamiliar"  # the layer's name

# How sites and programs make thumbnails: a filter, then nothing or JPEG.
FILTERS = tuple(PIL.Image.Resampling[name] for name in ("BOX", "BILINEAR", "HAMMING", "BICUBIC", "LANCZOS"))
QUALITIES = (None, 70, 75, 80, 85, 90, 95)
WAYS = 4  # thumbnails of each picture
# Share of familiar validation pictures that is given up to keep the unfamiliar ones out.
GIVEN_UP = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class Elsewhere:
    """Thumbnails of pictures from elsewhere.

    Attributes:
        pictures: uint8 [N, S, S, 3].
        held_out: bool [N]: of sources that are for measuring only.
        about: digest, and counts of pictures, sources and files that could not be read, for ``run.json``.
    """

    pictures: Pictures
    held_out: npt.NDArray[np.bool_]
    about: dict[str, str | int]


def thumbnails(pixels: Pictures, side: int, random: np.random.Generator, count: int = WAYS) -> Pictures:
    """Square thumbnails of one picture, each made in a way drawn at random.

    Args:
        pixels: uint8 [H, W, 3].
        side: of the thumbnails, pixels.
        random: draws the ways.
        count: of thumbnails.

    Returns:
        uint8 [count, side, side, 3].
    """
    short = min(pixels.shape[:2])
    top, left = ((size - short) // 2 for size in pixels.shape[:2])
    square = PIL.Image.fromarray(pixels[top : top + short, left : left + short])
    made = []
    for _ in range(count):
        small = np.asarray(square.resize((side, side), FILTERS[random.integers(len(FILTERS))]))
        quality = QUALITIES[random.integers(len(QUALITIES))]
        made.append(small if quality is None else recompress(small, "JPEG", quality))
    return np.stack(made)


def load_elsewhere(folder: Path, side: int, *, seed: int = 1, progress: Progress | None = None) -> Elsewhere:
    """Thumbnails of all pictures below a folder; its sub-folder that a file lies in, at any depth, is its source.

    Files that cannot be read are left out and counted.

    Raises:
        DataError: the folder or one below it cannot be read, or there are too few sources to hold some out.
    """
    if not folder.is_dir():
        raise DataError(f"{folder} is not a folder")
    files = sorted(
        (parts[0], "/".join((*parts, name)))
        for parts, names in walk(folder)
        for name in names
        if parts and has_image_suffix(name)
    )
    random = np.random.default_rng(seed)
    digest = hashlib.sha256()
    pictures, marks = [], []
    for done, (source, name) in enumerate(files, 1):
        try:
            image = read_image(folder / name)
        except (ImageError, MemoryError):
            continue
        made = thumbnails(image.pixels, side, random)
        digest.update(os.fsencode(f"{name}\t{image.sha256}\n"))
        pictures.append(made)
        marks += [held_out(source)] * len(made)
        if progress and (done % 50 == 0 or done == len(files)):
            progress(done, len(files))
    mask = np.array(marks, np.bool_)
    if mask.all() or not mask.any():
        raise DataError(f"{folder}: pictures from elsewhere must lie in sub-folders, one a source, at least a dozen")
    about: dict[str, str | int] = {
        "sha256": digest.hexdigest(),
        "pictures": len(pictures),
        "sources": len({source for source, _ in files}),
        "unreadable": len(files) - len(pictures),
    }
    return Elsewhere(np.concatenate(pictures), mask, about)


def familiar_pictures(training: Pictures, recipe: Recipe, *, count: int = 20_000) -> Pictures:
    """Training pictures as they are, and a third as many as the recipe degrades them, which the model bears too.

    Args:
        training: uint8 [N, S, S, 3].
        recipe: whose degradations.
        count: of pictures as they are, at most.

    Returns:
        uint8 [M, S, S, 3].
    """
    random = np.random.default_rng(recipe.seed)
    chosen = training[np.sort(random.permutation(len(training))[:count])]
    if not recipe.degraded:
        return chosen
    third = random.permutation(chosen)[: max(1, len(chosen) // 3)]
    return np.concatenate([chosen, degrade_at_random(third, Reach.of(recipe), random)[0]])


def with_familiarity(
    model: "Model", familiar: Pictures, elsewhere: Pictures, *, regularisation: float = 10.0
) -> "Model":
    """The same network with a second column: how much more a picture looks like ``elsewhere`` (a logit).

    Args:
        model: with stages whose blocks are named ``stage*_block*_relu``; → [N, 1].
        familiar: uint8 [N, S, S, 3], of the kind that it was trained on.
        elsewhere: uint8 [M, S, S, 3].
        regularisation: L2, one over scikit-learn's ``C``; features are standardised.

    Returns:
        float32 [N, S, S, 3] → float32 [N, 2].

    Raises:
        DataError: the network has no such stages.
    """
    features = keras.Model(model.input, seen(model))
    both = np.concatenate([outputs(features, pictures) for pictures in (familiar, elsewhere)])
    y = np.repeat([0, 1], [len(familiar), len(elsewhere)])
    return with_second_answer(model, linear(seen(model), both, y, UNFAMILIAR, regularisation))


def with_second_answer(model: "Model", unfamiliar: "keras.KerasTensor") -> "Model":
    """A network → [N, 1] with a second column, [N, 1]."""
    return keras.Model(model.input, layers.Concatenate(name="answers")([model.output, unfamiliar]), name=model.name)


def threshold(familiar: Floats) -> float:
    """The score above which a picture counts as unfamiliar: :data:`GIVEN_UP` of ``familiar`` [N] lie above it."""
    return float(np.quantile(familiar, 1 - GIVEN_UP))
