"""Write validation.npz of the model photo: what its tower says of pictures that `imageauth train folder` judges on.

    python scripts/photo_validation.py DATA WORK

DATA is a folder made by ``imageauth data photos``; WORK keeps features, so that a stopped run goes on. Taken are
pictures that the model's heads did not learn from, though their sources taught it by other pictures: at most
PER_SOURCE of a source, as many of each class. Only numbers are written, no pictures.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np

from imageauth.files import write_atomically
from imageauth.models import find_model
from imageauth.pixels.card import Card
from imageauth.pixels.network import usable_cores
from imageauth.training.features import Picture, extract, load
from imageauth.training.own.kept import FILE_NAME, Kept, tower_digest
from imageauth.training.photo_assess import class_tokens
from imageauth.training.photo_heads import encoder_of
from imageauth.training.photo_runs import MOST_OF_A_SOURCE
from imageauth.training.photo_views import ServingLook
from imageauth.training.photos.tables import Photo, at_most
from imageauth.training.photos.tables import load as load_table
from imageauth.training.rebuild import rebuild_photo

PER_SOURCE, OF_CLASS = 3, 200
BEYOND = max(8, MOST_OF_A_SOURCE)  # of a source by hash: the heads learned from no others


def chosen(photos: tuple[Photo, ...]) -> list[Photo]:
    """In the order of their hashes, real pictures first."""
    taught = {photo.sha256 for photo in at_most(photos, BEYOND)}
    rest = at_most([photo for photo in photos if photo.sha256 not in taught], PER_SOURCE)
    return [photo for label in ("real", "fake") for photo in [p for p in rest if p.label == label][:OF_CLASS]]


def main(data: Path, work: Path) -> None:
    """Look at the pictures and write the file beside the model's weights."""
    work.mkdir(parents=True, exist_ok=True)
    folder, network = find_model("photo"), rebuild_photo("photo")
    encoder = work / "encoder.tflite"
    if not encoder.is_file():
        write_atomically(encoder, encoder_of(network.tower, network.config))
    photos = chosen(load_table(data))
    pictures = [Picture(data / photo.file, photo.sha256, photo.native) for photo in photos]
    look = ServingLook(Card.load(folder).layout)
    for damaged in extract(pictures, encoder, look, work / "features", workers=usable_cores()).values():
        print(damaged, file=sys.stderr)
    features = load(pictures, work / "features")
    used = [photos[row] for row in features.rows]
    kept = Kept(
        tower=tower_digest(network.tower),
        labels=np.array([photo.label == "fake" for photo in used], np.int64),
        sources=np.array([f"{photo.label}/{photo.source}" for photo in used], object),
        kinds=np.array([photo.kind for photo in used], object),
        present=features.present,
        tokens=features.values[features.present][:, class_tokens(network.config)],
    )
    content = kept.to_bytes()
    write_atomically(folder / FILE_NAME, content)
    print(f"{folder / FILE_NAME}: {len(used)} pictures, {len(set(kept.sources))} sources, {len(content):,} bytes")
    print(f"SHA-256 for the page beside it: {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
