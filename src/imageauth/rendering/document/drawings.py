"""Drawings as SVG: a shape for each verdict, so that nobody has to tell colours apart, and a probability as a hundred
strokes. The shapes are those of the page (``server/static/js/shapes.js``).
"""

from imageauth.report import Verdict

_TICK = '<path class="tick" d="M7.2 12.4l3.2 3.2 6.4-7"/>'
_SHAPES = {
    Verdict.AI_GENERATED: '<path class="solid" d="M3 3h18v18H3z"/>' + _TICK,
    Verdict.LIKELY_AI: '<path class="open" d="M12 3.6 21.4 20H2.6z"/>',
    Verdict.INCONCLUSIVE: (
        '<path class="solid" d="M12 2v20L2 12z"/><path class="line" d="M12 2.6 21.4 12 12 21.4 2.6 12z"/>'
    ),
    Verdict.LIKELY_REAL: '<circle class="open" cx="12" cy="12" r="9"/>',
    Verdict.CAMERA_VERIFIED: '<circle class="solid" cx="12" cy="12" r="10"/>' + _TICK,
    "failed": '<path class="line" d="M5 5l14 14M19 5 5 19"/>',
    "ai": '<path class="solid" d="M12 4 21 20H3z"/>',
    "real": '<circle class="solid" cx="12" cy="12" r="8.5"/>',
    "none": '<path class="line" d="M5 12h14"/>',
}
_SIDES = {
    **dict.fromkeys((Verdict.AI_GENERATED, Verdict.LIKELY_AI, "ai"), "ai"),
    **dict.fromkeys((Verdict.CAMERA_VERIFIED, Verdict.LIKELY_REAL, "real"), "real"),
}
_STYLE = (
    "<style>.solid{fill:INK}.open{fill:none;stroke:INK;stroke-width:2.6;stroke-linejoin:round}"
    ".line{fill:none;stroke:INK;stroke-width:2.4;stroke-linejoin:round;stroke-linecap:round}"
    ".tick{fill:none;stroke:#fff;stroke-width:2.6;stroke-linecap:round;stroke-linejoin:round}"
    ".ai{fill:#c65200}.real{fill:#8db4d9}.mark{fill:#1d1f24}.zone{fill:#b9b5ac}.here{fill:#1d1f24}"
    ".ring{fill:#fff;stroke:#2166ac;stroke-width:1.8}.peak{fill:#c65200;stroke:#1d1f24;stroke-width:.5}</style>"
)
_INK = {"ai": "#c65200", "real": "#2166ac", "": "#534d6b"}
SHAPES = tuple(str(name) for name in _SHAPES)


def side_of(name: str) -> str:
    """Which side a verdict or a side is on: ``ai``, ``real`` or ``none``."""
    return _SIDES.get(name, "none")


def shape(name: str) -> str:
    """The drawing of a verdict, a side or a state, on a field of 24×24. Words always stand beside it; its colours come
    from a style sheet.
    """
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" class="shape shape-{side_of(name)}">'
        f"{_SHAPES[name]}</svg>"
    )


def strokes(probability: float, real: float, ai: float) -> str:
    """A hundred strokes, one a picture, AI-made ones first, long and dark; under them the thresholds.

    Args:
        probability, real, ai: it, and the thresholds up to which and from which a side is taken, 0..1.
    """
    count = ai_strokes(probability)
    lines = [
        f'<path class="ai" d="M{at + 0.15:g} 0h.7v12h-.7z"/>'
        if at < count
        else f'<path class="real" d="M{at + 0.25:g} 4h.5v8h-.5z"/>'
        for at in range(100)
    ]
    low, high, here = 100 * real, 100 * ai, 100 * probability
    for start, end in ((0.0, low), (low, high), (high, 100.0)):
        inside = "here" if (start <= here <= end if start in (0.0, high) else start < here < end) else "zone"
        lines.append(
            f'<path class="{inside}" d="M{start + 0.2:.2f} 14.2H{max(start, end - 0.2):.2f}v.9H{start + 0.2:.2f}z"/>'
        )
    lines += [f'<path class="mark" d="M{at:.2f} 13.2l.9 2.9h-1.8z"/>' for at in (low, high)]
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1 0 102 17" class="strokes">{"".join(lines)}</svg>'


def ai_strokes(probability: float) -> int:
    """How many of the hundred are AI-made ones: never none and never all."""
    return min(99, max(1, round(probability * 100)))


def scale() -> str:
    """The heatmap's scale: rings that shrink from the left, triangles that grow to the right."""
    parts = []
    for place, size in ((6, 1.0), (21, 0.7), (32, 0.4)):
        parts.append(f'<circle class="ring" cx="{place}" cy="8" r="{6 * size:.1f}"/>')
        up, left = 6.5 * size, 100 - place
        parts.append(f'<path class="peak" d="M{left} {8 - up:.1f}l{up:.1f} {2 * up:.1f}h-{2 * up:.1f}z"/>')
    parts.append('<path class="zone" d="M42 7.6h16v.8h-16z"/>')
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 0 104 16" class="heat-scale">{"".join(parts)}</svg>'


def with_style(svg: str) -> str:
    """The same drawing with the colours of paper in it, for where there is no style sheet."""
    side = next((side for side in ("ai", "real") if f'shape-{side}"' in svg), "")
    return svg.replace(">", ">" + _STYLE.replace("INK", _INK[side]), 1)
