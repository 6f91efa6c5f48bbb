"""Pictures that a shipped model is judged on after tuning, as what its tower says of them: the pictures cannot ship.

``validation.npz`` beside the model's weights holds the class tokens of each view that serving sees, so that heads,
calibration and thresholds can be judged again without a picture and without the tower.
"""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from imageauth.errors import DataError
from imageauth.models import find_model, shipped_models
from imageauth.training.own.seen import Seen
from imageauth.training.photo_assess import class_tokens
from imageauth.training.vit import ViT

if TYPE_CHECKING:
    from keras import Model

FILE_NAME = "validation.npz"


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Labelled pictures as a tower sees them, N.

    Attributes:
        tower: digest of the tower (:func:`tower_digest`).
        labels: int64 [N], 1 for AI-made.
        sources: str [N]; each has pictures of one class.
        kinds: str [N].
        present: bool [N, S]: which of the views that serving sees each has.
        tokens: class tokens of the present views, picture after picture, float16 [present.sum(), T].
    """

    tower: str
    labels: npt.NDArray[np.int64]
    sources: npt.NDArray[np.object_]
    kinds: npt.NDArray[np.object_]
    present: npt.NDArray[np.bool_]
    tokens: npt.NDArray[np.float16]

    def seen(self, config: ViT) -> Seen:
        """The pictures as other parts of this package take them."""
        row, slot = np.nonzero(self.present)
        values = np.zeros((*self.present.shape, config.features), np.float16)
        values[row, slot, class_tokens(config)] = self.tokens
        return Seen(self.labels, self.sources, values, self.present)

    def to_bytes(self) -> bytes:
        """The content of the file."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            tower=np.array(self.tower),
            labels=self.labels.astype(np.uint8),
            sources=self.sources.astype(str),
            kinds=self.kinds.astype(str),
            present=self.present,
            tokens=self.tokens,
        )
        return buffer.getvalue()

    @staticmethod
    def load(path: Path) -> "Kept":
        """Read the file.

        Raises:
            DataError: it cannot be read or is damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                kept = Kept(
                    str(file["tower"]),
                    file["labels"].astype(np.int64),
                    file["sources"].astype(object),
                    file["kinds"].astype(object),
                    file["present"],
                    file["tokens"],
                )
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise DataError(f"{path} is damaged or cannot be read") from error
        if len(kept.tokens) != kept.present.sum() or len(kept.labels) != len(kept.present):
            raise DataError(f"{path} is damaged: its columns have different lengths")
        return kept


def kept_for(folder: Path, tower: "Model") -> Kept | None:
    """The pictures that ship for a tower, from a model's folder or from a shipped model with the same tower.

    Args:
        folder: of the model.
        tower: of it.

    Raises:
        DataError: their file is damaged.
    """
    digest = tower_digest(tower)
    for place in (folder, *map(find_model, shipped_models())):
        if (place / FILE_NAME).is_file() and (kept := Kept.load(place / FILE_NAME)).tower == digest:
            return kept
    return None


def tower_digest(tower: "Model") -> str:
    """SHA-256 of all weights of a tower, hexadecimal: the same for every model that has it."""
    digest = hashlib.sha256()
    for weights in tower.get_weights():
        digest.update(np.ascontiguousarray(weights, "<f4").tobytes())
    return digest.hexdigest()
