"""Harmless changes, and whether an answer survives them.

A real trace of a generator does not vanish when a picture is mirrored, moved by a pixel or saved once more; an answer
that does is luck. The same variants serve twice: the mean score of those that lose nothing is steadier than that of one
view, and where any disagree the policy does not trust it.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from imageauth.pixels.calibration import Calibration
from imageauth.pixels.degradations import recompress, rescale

Views = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Change = Callable[[Views], Views]

AS_IS = "as-is"


def _moved(views: Views, step: int) -> Views:
    """Moved by one pixel down and right (or up and left); the edge that opens is mirrored in."""
    padded = np.pad(views, ((0, 0), (1, 1), (1, 1), (0, 0)), "reflect")
    side, at = views.shape[1], 1 - step
    return padded[:, at : at + side, at : at + side]


def _each(change: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.uint8]]) -> Change:
    return lambda views: np.stack([change(view) for view in views])


VARIANTS: Mapping[str, tuple[str, Change]] = MappingProxyType(
    {
        "moved": ("moved by one pixel", lambda views: _moved(views, 1)),
        "mirrored": ("mirrored and moved by one pixel", lambda views: _moved(views, -1)[:, :, ::-1]),
        "flipped": ("mirrored", lambda views: views[:, :, ::-1]),
        "re-encoded": ("saved again as JPEG of quality 90", _each(lambda view: recompress(view, "JPEG", 90))),
        "re-encoded-75": ("saved again as JPEG of quality 75", _each(lambda view: recompress(view, "JPEG", 75))),
        "resized": ("reduced to three quarters and enlarged again", _each(lambda view: rescale(view, 0.75))),
        "passed-on": (
            "mirrored, reduced to three quarters and enlarged again, and saved again as JPEG of quality 75",
            _each(lambda view: recompress(rescale(view[:, ::-1], 0.75), "JPEG", 75)),
        ),
    }
)
"""Name → (what is done, in words; the function of uint8 [V, S, S, 3])."""

LOSSLESS = frozenset({"moved", "mirrored", "flipped"})
"""Those that keep the fine detail and may be pooled; the others take some of it and only test."""


def with_variants(views: Views, names: Sequence[str]) -> Views:
    """The views as they are, then all of them under each change.

    Changes are made at the network's own size: there they weigh more than on a large picture, so a pass means more.

    Args:
        views: uint8 [V, S, S, 3].
        names: in :data:`VARIANTS`.

    Returns:
        uint8 [(1 + len(names)) · V, S, S, 3].
    """
    return np.concatenate([views, *(VARIANTS[name][1](views) for name in names)]) if names else views


def pool(variant_scores: Floats, names: Sequence[str]) -> Floats:
    """The scores of images: means over each as it is and its lossless variants.

    Args:
        variant_scores: logits [N, 1 + len(names)], the image as it is first.
        names: of the variants, in order.

    Returns:
        float64 [N].
    """
    return np.asarray(variant_scores[:, [True, *(name in LOSSLESS for name in names)]].mean(axis=1), np.float64)


def settled(variant_scores: Floats, calibration: Calibration, decision: float) -> npt.NDArray[np.bool_]:
    """Whether all variants of a picture fall on the same side of the decision threshold.

    Args:
        variant_scores: logits [N, K], one column a variant.
        calibration: logit → probability.
        decision: the threshold, a probability.

    Returns:
        bool [N].
    """
    ai = calibration(variant_scores) >= decision
    return np.asarray(ai.all(axis=1) | ~ai.any(axis=1))
