"""What imageauth knows of SVG: enough to recognise a file and say its size, without parsing hostile XML."""

import re

# The root must come early: a comment or licence text may stand before it, a whole book not.
_HEAD = 64 * 2**10
_ROOT = re.compile(rb"<(?:[A-Za-z_][\w.-]{0,30}:)?svg[\s>/]")
_LENGTH = re.compile(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(?:px)?\s*")
_MOST = 10**6


def size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of an SVG drawing (W3C SVG 2, section 8); 0 × 0 where it does not say them.

    Args:
        data: of a file.

    Returns:
        None if it is no SVG.
    """
    head = data[:_HEAD].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not head.startswith(b"<") or not (root := _ROOT.search(head)):
        return None
    tag = head[root.start() : root.start() + 4096].split(b">", 1)[0].decode("utf-8", "replace")
    width, height = _length(_attribute(tag, "width")), _length(_attribute(tag, "height"))
    if not (width and height):
        box = _attribute(tag, "viewBox").replace(",", " ").split()
        width, height = (_length(box[2]), _length(box[3])) if len(box) == 4 else (0, 0)
    return width, height


def _attribute(tag: str, name: str) -> str:
    match = re.search(rf"\s{name}\s*=\s*(?:\"([^\"]{{0,100}})\"|'([^']{{0,100}})')", tag)
    return (match[1] or match[2] or "") if match else ""


def _length(text: str) -> int:
    match = _LENGTH.fullmatch(text)
    return min(round(float(match[1])), _MOST) if match else 0
