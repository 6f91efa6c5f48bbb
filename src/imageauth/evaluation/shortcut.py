"""The shortcut probe: how well do file headers alone tell the classes apart?

A data set whose real images are JPEGs of one camera and whose AI images are PNGs of 1024 pixels can be "solved" without
looking at a pixel (Grommelt et al. 2024, "Fake or JPEG?"). An AUROC near 0.5 here says that a detector measured on the
set had no such shortcut.
"""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image

from imageauth.errors import DataError, MissingExtraError
from imageauth.evaluation.dataset import Item
from imageauth.images import FORMATS, read_bytes

HEADERS = "headers"
HEADERS_AND_SIZE = "headers+bytes per pixel"
_MOST = 20_000  # files; more would not change the answer
_FOLDS = 5
_TREES_OF_PARTS = 40  # a few columns need no more
_KINDS = tuple(sorted(set(FORMATS.values())))
_SIZE_AT = len(_KINDS)
PARTS = {
    "file format": slice(0, _SIZE_AT),
    "width, height and shape": slice(_SIZE_AT, _SIZE_AT + 3),
    "JPEG tables and subsampling": slice(_SIZE_AT + 3, _SIZE_AT + 137),
    "progressive, EXIF, colour profile": slice(_SIZE_AT + 137, _SIZE_AT + 140),
    "bytes per pixel": slice(_SIZE_AT + 140, _SIZE_AT + 141),
}
"""What a header says → its columns among :func:`header_features`."""


def require_sklearn() -> Any:
    """The scikit-learn package.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        import sklearn
    except ImportError:
        raise MissingExtraError("the shortcut probe", "train") from None
    return sklearn


def header_probe(
    items: Sequence[Item], *, folds: npt.ArrayLike | None = None, seed: int = 0, parts: bool = False
) -> dict[str, Any]:
    """Cross-validated AUROC of a random forest that sees headers only.

    Args:
        items: labelled files; beyond 20,000 a seeded sample is taken.
        folds: int [N], such as those that keep sources together; default: five at random.
        seed: of the sample, the folds and the forest.
        parts: also tell what each of :data:`PARTS` gives away alone.

    Returns:
        ``n`` files whose header could be read, ``folds``, and ``auroc``: one number for the headers (format, width,
        height, aspect, quantisation tables, subsampling, progressive, presence of EXIF and ICC), one with the bytes
        per pixel added. That last number also tells how well the *content* compresses, so it is no pure shortcut. With
        ``parts`` a number for each of those, too.

    Raises:
        MissingExtraError: scikit-learn is not installed.
        DataError: a class has fewer than two readable files.
    """
    require_sklearn()
    random = np.random.default_rng(seed)
    chosen = sorted(random.permutation(len(items))[:_MOST])
    where = np.zeros(len(items), np.int64) if folds is None else np.asarray(folds)
    rows = [(header_features(items[index]), items[index].label, where[index]) for index in chosen]
    features = np.array([row for row, *_ in rows if row is not None])
    labels = np.array([label for row, label, _ in rows if row is not None], np.int64)
    kept = np.array([fold for row, _, fold in rows if row is not None], np.int64)
    fewest = int(np.bincount(labels, minlength=2).min()) if len(labels) else 0
    if fewest < 2:
        raise DataError("the shortcut probe needs at least two readable files of each class")
    if folds is None:
        kept = _random_folds(labels, min(_FOLDS, fewest), seed)
    auroc = {
        name: forest_auroc(columns, labels, kept, seed)
        for name, columns in ((HEADERS, features[:, :-1]), (HEADERS_AND_SIZE, features))
    }
    for name, columns in PARTS.items() if parts else ():
        auroc[name] = forest_auroc(features[:, columns], labels, kept, seed, trees=_TREES_OF_PARTS)
    return {"n": len(labels), "folds": len(set(kept.tolist())), "auroc": auroc}


def forest_auroc(
    features: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    folds: npt.NDArray[np.int64],
    seed: int = 0,
    *,
    trees: int = 200,
) -> float:
    """AUROC over all pictures, each judged by a random forest that learnt from the other folds.

    Args:
        features: float64 [N, F].
        labels: int64 [N], 1 for AI-made.
        folds: int64 [N].
        seed: of the forests.
        trees: in each.

    Raises:
        DataError: there is one fold only, or without some fold a class is missing.
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import roc_auc_score

    predicted = np.empty(len(labels))
    for fold in np.unique(folds):
        here = folds == fold
        if len(set(labels[~here].tolist())) < 2:
            raise DataError("a probe needs pictures of both classes outside each fold")
        forest = RandomForestClassifier(trees, min_samples_leaf=2, random_state=seed)
        predicted[here] = forest.fit(features[~here], labels[~here]).predict_proba(features[here])[:, 1]
    return float(roc_auc_score(labels, predicted))


def _random_folds(labels: npt.NDArray[np.int64], count: int, seed: int) -> npt.NDArray[np.int64]:
    from sklearn.model_selection import StratifiedKFold

    folds = np.empty(len(labels), np.int64)
    split = StratifiedKFold(count, shuffle=True, random_state=seed)
    for fold, (_, members) in enumerate(split.split(labels[:, None], labels)):
        folds[members] = fold
    return folds


def header_features(item: Item) -> npt.NDArray[np.float64] | None:
    """One file's header as numbers, the bytes per pixel last; ``None`` if it cannot be read. No pixel is decoded."""
    PIL.Image.init()
    try:
        data = read_bytes(item.path)
        with PIL.Image.open(io.BytesIO(data), formats=[name for name in FORMATS if name in PIL.Image.OPEN]) as picture:
            width, height = picture.size
            kind = FORMATS[picture.format or ""]
            tables = getattr(picture, "quantization", None) or {}
            luma, chroma = (np.resize(tables[at], 64) if at in tables else np.zeros(64) for at in (0, 1))
            layers = [value for layer in getattr(picture, "layer", [])[:3] for value in layer[1:3]]
            facts = [
                *(float(kind == other) for other in _KINDS),
                *(width, height, width / height),
                *luma,
                *chroma,
                *(layers + [0] * 6)[:6],
                bool(picture.info.get("progressive")),
                bool(picture.info.get("exif")),
                bool(picture.info.get("icc_profile")),
                len(data) / (width * height),
            ]
    except Exception:  # ImageError, and decoders raise anything on hostile input
        return None
    return np.array(facts, np.float64)
