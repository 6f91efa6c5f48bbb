"""Phases of blocks → the messages that stand in them.

For a message of ``n`` bits the phases of all blocks that would carry the same bit are averaged. If the message is
there, the ``n`` averages lie in two heaps, ones and zeros, and two numbers show it:

- *agreement*, 0..1: the correlation of the averages, as complex numbers, with the message. It does not care how the
  averages vary, only whether they vary as the message does, so flat, striped or periodic pictures do not raise it.
- *clearness*: the same sum in standard deviations of what unrelated phases would give.

Both must be high. The thresholds were set on real pictures, see ``docs/watermarks.md``.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.provenance.watermarks.blocks import Blocks, read_blocks
from imageauth.provenance.watermarks.mark import Watermark
from imageauth.provenance.watermarks.messages import MESSAGES, Message

MIN_CLEARNESS = 4.0
# Where phases hardly vary (flat pictures) nothing but rounding would be correlated.
_MIN_VARIANCE = 1e-4


def read_invisible(pixels: npt.NDArray[np.uint8]) -> list[Watermark]:
    """The known messages in a picture, uint8 [H, W, 3]."""
    blocks = read_blocks(pixels)
    if blocks is None:
        return []
    return [mark for message in MESSAGES if (mark := _look_for(message, blocks)) is not None]


def match(
    index: npt.NDArray[np.int64], phases: npt.NDArray[np.complex64], signs: npt.NDArray[np.float64], period: int = 1
) -> tuple[float, float, int]:
    """How well phases fit a message.

    Args:
        index: [N] numbers of blocks.
        phases: [N] their phases.
        signs: [n], ±1: the message.
        period: what bits at the same place in each so many have in common is left out, so that one text is not taken
            for another.

    Returns:
        Agreement, clearness, and how many of the ``n`` bits are right. Zeros where the phases cannot tell.
    """
    size = len(signs)
    bit = index % size
    count = np.bincount(bit, minlength=size)
    variance = float(np.mean(np.abs(phases - phases.mean()) ** 2))
    if not count.all() or variance < _MIN_VARIANCE:
        return 0.0, 0.0, 0
    averages = (np.bincount(bit, phases.real, size) + 1j * np.bincount(bit, phases.imag, size)) / count
    own, expected = _centred(averages, period), _centred(signs, period)
    together = complex(own @ expected)
    length = float(np.linalg.norm(expected))
    agreement = abs(together) / (float(np.linalg.norm(own)) * length + 1e-12)
    clearness = abs(together) / (length * float(np.sqrt(variance / count.mean())))
    along = ((averages - averages.mean()) * np.conj(together)).real  # turned so that ones are positive
    return agreement, clearness, int(np.count_nonzero((along > 0) == (signs > 0)))


def _centred(values: npt.NDArray[Any], period: int) -> npt.NDArray[Any]:
    """Values [n] less their mean over each place of a period that divides ``n``."""
    table = values.reshape(-1, period)
    centred: npt.NDArray[Any] = (table - table.mean(axis=0)).ravel()
    return centred


def _look_for(message: Message, blocks: Blocks) -> Watermark | None:
    tried = (match(blocks.index, blocks.phases[plane], message.signs, message.period) for plane in message.planes)
    agreement, clearness, right = max(tried)
    if agreement < message.threshold or clearness < MIN_CLEARNESS:
        return None
    bits = len(message.signs)
    return Watermark(
        code=message.code,
        name=f"dwtDct {message.text}",
        finding=f"It carries the invisible watermark that {message.embedded_by} ({right} of {bits} bits match); "
        "other software can embed the same.",
        measured={
            "message": message.text,
            "bits_matched": right,
            "bits": bits,
            "agreement": round(agreement, 3),
            "clearness": round(clearness, 1),
            "blocks_read": len(blocks.index),
        },
    )
