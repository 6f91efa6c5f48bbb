"""Software that names itself in a file."""

import re

from imageauth.provenance.metadata.fields import Fields
from imageauth.provenance.metadata.limits import clip
from imageauth.provenance.metadata.traces import signing_generator

_FIELDS = (
    "Software", "ProcessingSoftware", "xmp:CreatorTool", "OriginatingProgram", "tiff:Software", "Creator Tool",
    "xmpMM:History/stEvt:softwareAgent",
)  # fmt: skip

_EDITORS = re.compile(
    r"photoshop|lightroom|camera raw|gimp|affinity|capture one|darktable|rawtherapee|snapseed|canva\b|picasa|"
    r"paint shop|pixelmator|luminar|dxo|on1|acdsee|xnview|irfanview|photo mechanic|photomechanic|imagemagick|"
    r"graphicconverter|corel|photoscape|picsart|vsco|facetune|meitu|remini|topaz|polarr|fotor|pixlr|figma|sketch\b|"
    r"krita|inkscape|illustrator|indesign|digikam|shotwell|faststone|aperture \d|iphoto|photos \d|"
    r"windows photo|photofiltre|exiftool|nikon transfer|capture nx|viewnx|digital photo professional|zoner|"
    r"paint\.net|paintnet|cs\d? (windows|macintosh)|adobe|ulead|fotostation|photolab|procreate|clip studio|blender|"
    r"microsoft designer|photoroom|capcut|instagram|google photos",
    re.IGNORECASE,
)


def find_software(fields: Fields) -> tuple[str, ...]:
    """Every name that software left, once, as it stands."""
    names = dict.fromkeys(clip(text.value.strip()) for text in fields.named(*_FIELDS) if len(text.value) < 1000)
    return tuple(name for name in names if name and "{" not in name)[:16]


def editors(names: tuple[str, ...]) -> tuple[str, ...]:
    """Those that are programs for editing pictures; cameras write their firmware into the same field."""
    return tuple(name for name in names if _EDITORS.search(name) and not signing_generator(name))
