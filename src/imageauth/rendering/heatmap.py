"""A heatmap over its picture, as one image for a person to look at."""

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

# Orange and blue stay apart for every kind of colour vision.
AI, REAL = (217, 95, 2), (33, 102, 172)
SIDE = 480
OVERLAY_SIDE = 512
_GAP, _FOOT, _INK, _PAPER = 12, 64, (34, 34, 34), (255, 255, 255)
_MOST = 0.75  # opacity of the strongest part
# Marks along the longer side, and the share of the strongest one below which there is none.
_MARKS, _LEAST_MARKED = 14, 0.25


def draw_heatmap(pixels: npt.NDArray[np.uint8], heat: npt.NDArray[np.float64], headline: str) -> PIL.Image.Image:
    """The picture, the same under its heatmap, and a legend.

    Args:
        pixels: uint8 [H, W, 3].
        heat: float64 [h, w], shaped like the picture; above 0 speaks for AI, below 0 for a photograph, NaN for nothing.
        headline: one line of text under the pictures.
    """
    height, width = pixels.shape[:2]
    scale = SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    # Small pictures show their pixels as squares: that is all there is to see.
    method = PIL.Image.Resampling.NEAREST if scale > 1 else PIL.Image.Resampling.BOX
    picture = PIL.Image.fromarray(pixels).resize(size, method)
    sheet = PIL.Image.new("RGB", (2 * size[0] + 3 * _GAP, size[1] + 2 * _GAP + _FOOT), _PAPER)
    sheet.paste(picture, (_GAP, _GAP))
    sheet.paste(overlay(picture, heat), (size[0] + 2 * _GAP, _GAP))
    draw = PIL.ImageDraw.Draw(sheet)
    font = PIL.ImageFont.load_default(15)
    top = size[1] + 2 * _GAP
    draw.text((_GAP, top), _fit(draw, headline, font, sheet.width - 2 * _GAP), _INK, font)
    at = _GAP
    for colour, text in ((AI, "speaks for AI"), (REAL, "speaks for a photograph")):
        draw.rectangle((at, top + 30, at + 14, top + 44), colour)
        draw.text((at + 20, top + 28), text, _INK, font)
        at += 36 + int(draw.textlength(text, font))
    return sheet


def overlay(picture: PIL.Image.Image, heat: npt.NDArray[np.float64]) -> PIL.Image.Image:
    """The picture in grey under the heatmap's colours; the strongest part is the most opaque."""
    colour, strength = _layer(heat, picture.size)
    grey = np.asarray(picture.convert("L").convert("RGB"), np.float32)
    return PIL.Image.fromarray((grey * (1 - strength) + colour * strength).round().astype(np.uint8))


def marked_overlay(picture: PIL.Image.Image, heat: npt.NDArray[np.float64]) -> PIL.Image.Image:
    """The same with marks that need no colour: triangles where it speaks for AI, rings where for a photograph, the
    larger the more.
    """
    sheet = overlay(picture, heat)
    width, height = sheet.size
    step = max(width, height) / _MARKS
    across, down = max(1, round(width / step)), max(1, round(height / step))
    known = np.nan_to_num(heat).astype(np.float32)
    means = np.asarray(PIL.Image.fromarray(known).resize((across, down), PIL.Image.Resampling.BOX))
    strongest = max(float(np.abs(means).max()), 1e-6)
    # Drawn twice as large and reduced, so that edges are smooth.
    layer = PIL.Image.new("RGBA", (2 * width, 2 * height))
    draw = PIL.ImageDraw.Draw(layer)
    for row in range(down):
        for column in range(across):
            value = float(means[row, column]) / strongest
            if abs(value) >= _LEAST_MARKED:
                x, y = (2 * column + 1) * width / across, (2 * row + 1) * height / down
                _mark(draw, x, y, value, 2 * min(width / across, height / down))
    layer = layer.resize(sheet.size, PIL.Image.Resampling.BOX)
    sheet.paste(layer, mask=layer)
    return sheet


def _mark(draw: PIL.ImageDraw.ImageDraw, x: float, y: float, value: float, cell: float) -> None:
    """A triangle for AI, a ring for a photograph, dark on light so that it shows on any grey."""
    radius = cell * 0.42 * min(1.0, abs(value)) ** 0.5
    line = max(1, round(cell / 24))
    if value > 0:
        points = [(x, y - radius), (x + radius * 0.9, y + radius * 0.75), (x - radius * 0.9, y + radius * 0.75)]
        draw.polygon(points, _INK, "white", 2 * line)
    else:
        box = (x - radius, y - radius, x + radius, y + radius)
        draw.ellipse(box, None, "white", 3 * line)
        draw.ellipse((box[0] + line, box[1] + line, box[2] - line, box[3] - line), None, _INK, line)


def transparent_overlay(heat: npt.NDArray[np.float64], width: int, height: int) -> PIL.Image.Image:
    """The heatmap's colours alone, to be laid over the picture stretched to its size; transparent where nothing speaks.

    Args:
        heat: as for :func:`draw_heatmap`.
        width, height: of the picture, pixels.

    Returns:
        RGBA, shaped like the picture, at most :data:`OVERLAY_SIDE` pixels on its long side.
    """
    scale = min(1.0, OVERLAY_SIDE / max(width, height))
    colour, strength = _layer(heat, (max(1, round(width * scale)), max(1, round(height * scale))))
    return PIL.Image.fromarray(np.concatenate([colour, 255 * strength], axis=-1).round().astype(np.uint8), "RGBA")


def _layer(
    heat: npt.NDArray[np.float64], size: tuple[int, int]
) -> tuple[npt.NDArray[np.floating], npt.NDArray[np.floating]]:
    """A heatmap's colours, [H, W, 3] in 0..255, and their opacity, [H, W, 1] in 0..1.

    Args:
        heat: as for :func:`draw_heatmap`.
        size: W, H.
    """
    heat = np.nan_to_num(heat)
    smooth = PIL.Image.fromarray(heat.astype(np.float32)).resize(size, PIL.Image.Resampling.BICUBIC)
    values = np.asarray(smooth, np.float32)
    strength = np.clip(np.abs(values) / max(float(np.abs(heat).max()), 1e-6), 0, 1)[..., None] * _MOST
    colour = np.where(values[..., None] > 0, np.asarray(AI, np.float32), np.asarray(REAL, np.float32))
    return colour, strength


def _fit(
    draw: PIL.ImageDraw.ImageDraw, text: str, font: PIL.ImageFont.FreeTypeFont | PIL.ImageFont.ImageFont, width: int
) -> str:
    if draw.textlength(text, font) <= width:
        return text
    while text and draw.textlength(text + "…", font) > width:
        text = text[:-1]
    return text + "…"
