"""What imageauth's networks look at of a picture, and what follows from their answers: Pillow and NumPy alone.

Written from docs/export.md, for other programs to take over; nothing of imageauth is imported. A picture is
uint8 [H, W, 3] sRGB, upright. ``card`` is the content of ``card.json``.
"""

import io

import numpy as np
from PIL import Image

Sampling = Image.Resampling


def views_of(picture, card, lossless):
    """Views uint8 [N, S, S, 3], how many there are of each entry of the layout, and the names of the variants."""
    given = card["input"]
    side, canonical = given["side"], given.get("canonical")
    entries = given.get("layout") or [{"view": "squares", "count": given["views"], "weight": 1.0}]
    if canonical:
        picture = reduced(picture, canonical["long_side"])
        if lossless:
            picture = saved_as_jpeg(picture, canonical["quality"])
    cut = [CUT[entry["view"]](picture, side, entry["count"]) for entry in entries]
    changed = [CHANGE[name](view) for name in given["variants"] for view in cut[0]]
    views = np.stack([view for entry in cut for view in entry] + changed)
    return views, [len(entry) for entry in cut], given["variants"]


def reduced(picture, long_side):
    """A picture whose long side is at most so many pixels: whole pixels averaged as far as they go, then Lanczos."""
    height, width = picture.shape[:2]
    longest = max(height, width)
    if longest <= long_side:
        return picture
    size = max(1, round(width * long_side / longest)), max(1, round(height * long_side / longest))
    whole = Image.fromarray(picture).reduce(max(1, longest // long_side))
    return np.asarray(whole.resize(size, Sampling.LANCZOS))


def saved_as_jpeg(picture, quality):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
    return np.asarray(Image.open(buffer).convert("RGB"))


def squares(picture, side, most):
    """Squares as large as the short side, spread along the long one: reduced by averaging, or enlarged bilinearly."""
    height, width = picture.shape[:2]
    short, long = min(height, width), max(height, width)
    if height == width == side:
        return [picture]
    count = min(most, -(-long // short))
    starts = np.linspace(0, long - short, count).round().astype(int) if count > 1 else [(long - short) // 2]
    found = []
    for at in starts:
        square = picture[at : at + short] if height > width else picture[:, at : at + short]
        method = Sampling.BOX if short > side else Sampling.BILINEAR
        found.append(np.asarray(Image.fromarray(square).resize((side, side), method)))
    return found


def centre(picture, side):
    """Where the centre square lies if the picture is scaled to a short side of ``side``, as shares of the picture."""
    height, width = picture.shape[:2]
    scale = side / min(height, width)
    across, down = max(side, round(width * scale)), max(side, round(height * scale))
    left, top = (across - side) // 2 / across, (down - side) // 2 / down
    return top, left, top + side / down, left + side / across


def scaled(picture, place, side):
    """What lies there, at ``side`` × ``side``."""
    height, width = picture.shape[:2]
    top, left, bottom, right = place
    box = (left * width, top * height, min(width, right * width), min(height, bottom * height))
    method = Sampling.BICUBIC if box[3] - box[1] < side else Sampling.LANCZOS
    return np.asarray(Image.fromarray(picture).resize((side, side), method, box, reducing_gap=3))


def tiles(picture, side, most):
    """Quarters of the centre square at twice the size, of pictures that have so many pixels."""
    if min(picture.shape[:2]) < 2 * side:
        return []
    top, left, bottom, right = centre(picture, 2 * side)
    rows, columns = (top, (top + bottom) / 2, bottom), (left, (left + right) / 2, right)
    corners = ((0, 0), (1, 1), (0, 1), (1, 0))[:most]
    return [scaled(picture, (rows[r], columns[c], rows[r + 1], columns[c + 1]), side) for r, c in corners]


def crops(picture, side, most):
    """Native squares, the most textured of a grid of 5×5, half a side apart."""
    height, width = picture.shape[:2]
    if min(height, width) < side:
        return []
    rows = np.unique(np.linspace(0, height - side, 5).round().astype(int))
    columns = np.unique(np.linspace(0, width - side, 5).round().astype(int))
    grey = np.asarray(Image.fromarray(picture).convert("L")).astype(int)
    steps = np.minimum(abs(grey[1:, :-1] - grey[:-1, :-1]) + abs(grey[:-1, 1:] - grey[:-1, :-1]), 32)
    places = [(r, c) for r in rows for c in columns]
    texture = [steps[r : r + side - 1, c : c + side - 1].sum() for r, c in places]
    taken = []
    for at in np.argsort(-np.array(texture), kind="stable"):
        row, column = places[at]
        if len(taken) < most and all(abs(row - r) + abs(column - c) >= side // 2 for r, c in taken):
            taken.append((row, column))
    return [picture[r : r + side, c : c + side] for r, c in taken]


def moved(view, step):
    """By one pixel down and right (1) or up and left (-1); the edge that opens is mirrored in."""
    at, side = 1 - step, len(view)
    return np.pad(view, ((1, 1), (1, 1), (0, 0)), "reflect")[at : at + side, at : at + side]


def resized(view):
    side = len(view)
    small = Image.fromarray(view).resize((round(side * 0.75), round(side * 0.75)), Sampling.BICUBIC)
    return np.asarray(small.resize((side, side), Sampling.BICUBIC))


CUT = {
    "squares": squares,
    "whole": lambda p, side, most: [scaled(p, centre(p, side), side)],
    "tiles": tiles,
    "crops": crops,
}
CHANGE = {
    "moved": lambda view: moved(view, 1),
    "mirrored": lambda view: moved(view, -1)[:, ::-1],
    "flipped": lambda view: view[:, ::-1],
    "re-encoded": lambda view: saved_as_jpeg(view, 90),
    "re-encoded-75": lambda view: saved_as_jpeg(view, 75),
    "passed-on": lambda view: saved_as_jpeg(resized(view[:, ::-1]), 75),
    "resized": resized,
}
LOSSLESS = ("moved", "mirrored", "flipped")


def answer(said, card, counts, variants):
    """What follows from the network's answers [N, C] about the views: scores, probability, unfamiliarity."""
    given, columns = card["input"], card.get("answers", {"logit": 0, "unfamiliarity": 1})
    entries = given.get("layout") or [{"view": "squares", "weight": 1.0}]
    weights = [entry["weight"] if count else 0.0 for entry, count in zip(entries, counts, strict=True)]
    weights[0] += sum(entry["weight"] for entry in entries) - sum(weights)  # what a small picture has no views for
    ends = np.cumsum([0, *counts])
    own = [columns.get("own", {}).get(entry["view"], columns["logit"]) for entry in entries]
    rest = given.get("bias", 0.0) + sum(
        weights[e] * said[ends[e] : ends[e + 1], own[e]].mean() for e in range(1, len(entries)) if counts[e]
    )
    leading = np.concatenate([said[: counts[0]], said[ends[-1] :]])[:, own[0]].reshape(-1, counts[0]).mean(axis=1)
    scores = weights[0] * leading + rest  # of the picture as it is, then under each variant
    score = scores[[True, *(name in LOSSLESS for name in variants)]].mean()
    unfamiliar = columns.get("unfamiliarity")
    return {
        "variant_scores": scores,
        "score": score,
        "probability": probability(score, card["calibration"]),
        "variant_probabilities": probability(scores, card["calibration"]),
        "unfamiliarity": 0.0 if unfamiliar is None else said[: counts[0], unfamiliar].mean(),
    }


def probability(score, calibration):
    method, p, floor = calibration["method"], calibration["parameters"], calibration["floor"]
    if method in ("temperature", "platt"):
        logit = p["scale"] * score + p.get("offset", 0.0)
    elif method == "beta":
        logit = -p["a"] * np.logaddexp(0, -score) + p["b"] * np.logaddexp(0, score) + p["c"]
    else:
        return np.clip(np.interp(score, p["scores"], p["probabilities"]), floor, 1 - floor)
    return np.clip(np.exp(-np.logaddexp(0, -logit)), floor, 1 - floor)


def verdict(found, card, width, height, contrast):
    """By the pixels alone, in the order in which imageauth asks."""
    domain, thresholds = card["domain"], card["thresholds"]
    short, long = min(width, height), max(width, height)
    if not domain["short_side"][0] <= short <= domain["short_side"][1] or long > domain["aspect"] * short:
        return "inconclusive: not the size or shape that the model is meant for"
    if contrast < domain["contrast"]:
        return "inconclusive: flatter than what the model was measured on"
    if domain["unfamiliar"] is not None and found["unfamiliarity"] > domain["unfamiliar"]:
        return "inconclusive: unlike what the model was measured on"
    ai = found["variant_probabilities"] >= thresholds["decision"]
    if ai.any() and not ai.all():
        return "inconclusive: the answer does not survive harmless changes"
    if found["probability"] >= thresholds["ai"]:
        return "likely-ai"
    return "likely-real" if found["probability"] <= thresholds["real"] else "inconclusive"
