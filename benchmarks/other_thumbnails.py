"""What the ``cifake`` model says about thumbnails that are not CIFAKE's, and a note of it in its card.

    IMAGEAUTH_SHARED=… python benchmarks/other_thumbnails.py --out FILE.md [--update-card]

Pictures of the photo packs (``photos/`` of the shared data: real photographs and art, and AI images of many generators)
are reduced from their 256-pixel views to 32×32 in four ways, as a site might make thumbnails, and checked. The sizes
lie inside the model's domain while the pictures do not resemble its training data. Only owners that did not teach the
model what is unfamiliar are used (``imageauth.training.holding_out``), and the last way of reducing taught it
neither. With ``--update-card`` the result becomes figures and a limit of the shipped card: every report then says it.
"""

import argparse
import io
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from imageauth.evaluation.metrics import auroc
from imageauth.files import write_atomically
from imageauth.models import find_model
from imageauth.pixels.card import FILE_NAME, Card
from imageauth.pixels.model import PixelModel
from imageauth.pixels.stability import settled
from imageauth.training.holding_out import held_out
from packs import pictures

WAYS = {name: Image.Resampling[name.upper()] for name in ("box", "bicubic", "lanczos", "nearest")}
MARK = "Thumbnails from elsewhere:"


def thumbnail(picture: Image.Image, way: Image.Resampling) -> np.ndarray:
    """32×32, saved once as JPEG of quality 90."""
    out = io.BytesIO()
    picture.resize((32, 32), way).save(out, "JPEG", quality=90)
    return np.asarray(Image.open(out).convert("RGB"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--update-card", action="store_true")
    arguments = parser.parse_args()
    model = PixelModel.load("cifake")
    labels, views = [], {way: [] for way in WAYS}
    for picture in pictures(Path(os.environ["IMAGEAUTH_SHARED"])):
        if held_out(picture.owner):
            labels.append(picture.label)
            whole = Image.open(io.BytesIO(picture.data)).convert("RGB")
            for way, method in WAYS.items():
                views[way].append(thumbnail(whole, method))
    real = np.array(labels) == 0
    thresholds = model.card.thresholds
    lines = [
        "# Thumbnails that are not CIFAKE's",
        "",
        f"{real.sum():,} real and {(~real).sum():,} AI pictures of the photo packs, reduced to 32×32, JPEG 90, of "
        f"owners that were kept apart; model `cifake` {model.card.version}.",
        "",
        "“Refused”: called unlike what the model was measured on. “Without”: what would be said if it did not know.",
        "",
        "| reduced by | refused | real → likely-ai | … without | AI → likely-real | … without | AUROC |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    accused, cleared, card = [], [], model.card
    for way, small in views.items():
        scores = model.score_views([model.views(picture) for picture in small])
        p = card.calibration(scores.pooled)
        known = card.domain.familiar(scores.unfamiliarity)
        steady = settled(scores.variants, card.calibration, thresholds.decision)
        all_ai, all_genuine = steady & (p >= thresholds.ai), steady & (p <= thresholds.real)
        ai, genuine = known & all_ai, known & all_genuine
        accused.append(float(np.mean(ai[real])))
        cleared.append(float(np.mean(genuine[~real])))
        cells = [
            1 - known.mean(),
            ai[real].mean(),
            all_ai[real].mean(),
            genuine[~real].mean(),
            all_genuine[~real].mean(),
        ]
        lines.append(f"| {way} | " + " | ".join(f"{cell:.1%}" for cell in cells) + f" | {auroc(~real, p):.3f} |")
    lines += ["", "Made by `python benchmarks/other_thumbnails.py`.", ""]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))
    if arguments.update_card:
        limit = (
            f"{MARK} of {real.sum():,} photographs and other human-made pictures that we reduced to 32×32 ourselves, "
            f"{min(accused):.0%}–{max(accused):.0%} were wrongly called likely-ai, and of {(~real).sum():,} AI images "
            f"of other generators {min(cleared):.0%}–{max(cleared):.0%} likely-real. Do not rely on this model for "
            "thumbnails that were not made as CIFAKE's were."
        )
        update_card(model.card, limit, {"other_thumbnails_real_called_likely_ai": round(max(accused), 4)})


def update_card(card: Card, limit: str, figures: dict[str, float]) -> None:
    """Put the limit first in the shipped card and its model card."""
    folder = find_model(card.name)
    limits = (limit, *(old for old in card.limits if not old.startswith(MARK)))
    card = replace(card, limits=limits, figures={**card.figures, **figures})
    write_atomically(folder / FILE_NAME, card.to_text().encode())
    readme = folder / "README.md"
    text = readme.read_text(encoding="utf-8")
    head, _, _ = text.partition("## Limits")
    listed = "\n".join(f"- {line}" for line in limits)
    write_atomically(readme, f"{head}## Limits\n\n{listed}\n".encode())


if __name__ == "__main__":
    main()
