"""Whether another runtime, with preprocessing of its own, reproduces an export's golden tensors."""

import json
from pathlib import Path

import numpy as np
from preprocessing import answer, verdict, views_of

# A JPEG decoder of another version may round a few pixels otherwise; networks add in another order.
PIXELS, ANSWERS, PROBABILITIES = 1, 5e-3, 1e-3


def check(golden_file, card_file, ask):
    """Print what was found; False where something differs.

    Args:
        golden_file, card_file: of the export.
        ask: function of views, float32 [N, S, S, 3] in 0..255 → answers [N, C].
    """
    golden, card = np.load(golden_file), json.loads(Path(card_file).read_text(encoding="utf-8"))
    views, counts, variants = views_of(golden["picture"], card, bool(golden["lossless"]))
    said = np.asarray(ask(views.astype(np.float32)), np.float64)
    found = answer(said, card, counts, variants)
    height, width = golden["picture"].shape[:2]
    contrast = np.sqrt(views.reshape(-1, 3).var(axis=0).mean())
    differences = [
        ("views, of 255", np.abs(views.astype(int) - golden["views"]).max(), PIXELS),
        ("answers", np.abs(said - golden["answers"]).max(), ANSWERS),
        ("score", abs(found["score"] - golden["score"]), ANSWERS),
        ("unfamiliarity", abs(found["unfamiliarity"] - golden["unfamiliarity"]), ANSWERS),
        ("probability", abs(found["probability"] - golden["probability"]), PROBABILITIES),
        (
            "probabilities of variants",
            np.abs(found["variant_probabilities"] - golden["variant_probabilities"]).max(),
            PROBABILITIES,
        ),
    ]
    for name, difference, most in differences:
        print(f"{name:27} differ by {difference:.2g} (at most {most:g}): {'ok' if difference <= most else 'WRONG'}")
    print(f"probability {found['probability']:.4f}, by the model's own file {golden['litert_probability']:.4f}")
    print("verdict of the pixels alone:", verdict(found, card, width, height, contrast))
    return all(difference <= most for _, difference, most in differences)
