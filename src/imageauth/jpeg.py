"""What a JPEG's quantisation tables tell."""

from collections.abc import Mapping, Sequence

# Luma, row by row: ITU-T T.81, table K.1.
STANDARD = (
    *(16, 11, 10, 16, 24, 40, 51, 61),
    *(12, 12, 14, 19, 26, 58, 60, 55),
    *(14, 13, 16, 24, 40, 57, 69, 56),
    *(14, 17, 22, 29, 51, 87, 80, 62),
    *(18, 22, 37, 56, 68, 109, 103, 77),
    *(24, 35, 55, 64, 81, 104, 113, 92),
    *(49, 64, 78, 87, 103, 121, 120, 101),
    *(72, 92, 95, 98, 112, 100, 103, 99),
)


def quality(tables: Mapping[int, Sequence[int]]) -> int | None:
    """The quality, 1..100, at which the reference encoder (libjpeg) would be about as coarse.

    Other encoders have tables of their own; theirs are compared by the mean step.

    Args:
        tables: number → its 64 steps; number 0 is the luma's.

    Returns:
        None where there is no luma table of 64 steps.
    """
    luma = tables.get(0)
    if luma is None or len(luma) != 64:
        return None
    return quality_of(sum(luma) / sum(STANDARD))


def quality_of(scale: float) -> int:
    """The quality, 1..100, at which the reference encoder multiplies its standard table by ``scale``."""
    found = 100 - 50 * scale if scale <= 1 else 50 / scale
    return min(100, max(1, round(found)))
