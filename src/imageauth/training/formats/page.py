"""The README that lies beside an exported network: what goes in, what comes out, and what that means."""

from collections.abc import Mapping

from imageauth.pixels.card import Card
from imageauth.training.formats.forms import Form
from imageauth.training.formats.golden import Golden

_VIEWS = {
    "squares": "as many squares as cover the picture, each as large as its short side, at {side}×{side}",
    "whole": "the centre square, as large as the short side, at {side}×{side}",
    "tiles": "the same at twice the size, cut in 2×2 (short side of {double} pixels or more)",
    "crops": "squares of {side} native pixels, the most textured ones (short side of {side} pixels or more)",
}


def page(card: Card, form: Form, names: Mapping[str, str], golden: Golden) -> str:
    """The text.

    Args:
        card: of the model.
        form: in which it was exported.
        names: of the files: of the network, and of its companions under their usual names.
        golden: the picture, by which numbers are told.
    """
    layout, answers = card.layout, card.answers
    steps = ["Decode the first frame, turn it upright by its EXIF orientation, bring it to sRGB by its ICC profile."]
    if layout.canonical:
        steps.append(
            f"Where its long side is above {layout.canonical.long_side} pixels, reduce it to that (Lanczos). Where its "
            f"file lost nothing (PNG, GIF, BMP, lossless WebP), save it once as JPEG of quality "
            f"{layout.canonical.quality}, 4:2:0."
        )
    for entry in layout.entries:
        what = _VIEWS[entry.view].format(side=layout.side, double=2 * layout.side)
        steps.append(f"Cut `{entry.view}` (at most {entry.count}, weight {entry.weight:g}): {what}.")
    if layout.variants:
        steps.append(f"Cut the first kind of views again under each harmless change: {', '.join(layout.variants)}.")
    columns = [f'{answers.logit}: logit of "made by AI"']
    columns += [f"{column}: the same for views of the kind `{name}`" for name, column in answers.own]
    if answers.unfamiliarity is not None:
        columns.append(f"{answers.unfamiliarity}: unfamiliarity")
    if answers.kinds:
        first, kinds = answers.kinds
        columns.append(f"{first}–{first + len(kinds) - 1}: logits (softmax) of {', '.join(kinds)}")
    if answers.map:
        first, side = answers.map
        columns.append(f"{first}–{first + side**2 - 1}: logits of the view's {side}×{side} patches, row by row")
    thresholds = card.thresholds
    lines = [
        f"# {card.name} {card.version}: {form.title}",
        "",
        f"Made by `imageauth export` from `{card.file}` (SHA-256 `{card.sha256}`). It is meant for {card.domain.text}.",
        "",
        "```python",
        form.use.replace("PATH", names["network"] if form.file else "."),
        "```",
        "",
        f"`views` are uint8 [N, {layout.side}, {layout.side}, 3] sRGB, handed over as float32 in 0..255, not scaled. "
        "What to do with a picture before, and with the answers after, docs/export.md of imageauth says step by step:",
        "",
        *(f"{number}. {step}" for number, step in enumerate(steps, 1)),
        "",
        "Columns of the answers:",
        "",
        *(f"- {column}" for column in columns),
        "",
        f"The numbers of every step are in `{names['card.json']}`. `{names['golden.npz']}` holds a drawn picture of "
        f"{golden.views.width}×{golden.views.height} pixels, its {len(golden.views.pixels)} views and all that follows "
        "from them: your own code is right once it reproduces these.",
        "",
        f"Calibrated, a probability of {thresholds.ai:.2f} or more is called likely-ai, of {thresholds.real:.2f} or "
        "less likely-real, and what lies between inconclusive. Limits that belong to every answer:",
        "",
        *(f"- {limit}" for limit in card.limits),
        "",
    ]
    return "\n".join(lines)
