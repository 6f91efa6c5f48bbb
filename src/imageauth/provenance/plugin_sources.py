"""Evidence sources of other packages: entry points of group ``imageauth.sources``.

Each is a function that takes an :class:`~imageauth.imagefile.ImageFile` and returns a sequence of
:class:`~imageauth.report.Evidence`. What it says is checked before it is heeded: a plug-in speaks as ``plugin`` and
under its own name, never as one of imageauth's own sources, and it cannot give proof.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, get_args

from imageauth.errors import PluginError
from imageauth.imagefile import ImageFile
from imageauth.plugins import Plugin, plugins, told
from imageauth.report import Evidence, PointsTo, Source, Strength

# Findings of one plug-in about one file, and characters of them as JSON.
_MOST_FINDINGS, _MOST = 100, 2**20
# Characters of a sentence and of a code: they are shown whole.
_MOST_SENTENCE, _MOST_CODE = 1000, 100


def plugin_sources() -> tuple[Plugin, ...]:
    """Those that are installed, by name; refused ones too, so that a report can say so."""
    return plugins("source", taken=get_args(Source))


class PluginSource:
    """A plug-in as a source that never raises: that it failed is a finding, and the others are asked all the same.

    Its package is imported when the first file is looked at.
    """

    def __init__(self, plugin: Plugin) -> None:
        self._plugin = plugin

    def __call__(self, image: ImageFile) -> Sequence[Evidence]:
        """Its findings, each of which names its package.

        Args:
            image: a file.
        """
        plugin = self._plugin
        try:
            return _checked(plugin.function()(_unchangeable(image)), plugin)
        except PluginError as error:
            reason, kind = str(error), "unusable"
        except (Exception, SystemExit) as error:  # its code is not ours, and may want to end the program
            reason, kind = f"{plugin} failed on this file: {told(error)}", type(error).__name__
        finding = f"{reason[0].upper()}{reason[1:]}."
        return [Evidence("plugin", "plugin-failed", finding, detail={"error": kind, "plugin": plugin.label})]


def _unchangeable(image: ImageFile) -> ImageFile:
    """The same file, whose pixels cannot be written to: others look at them too."""
    if image.pixels is None:
        return image
    pixels = image.pixels.view()
    pixels.flags.writeable = False
    return replace(image, pixels=pixels)


def _checked(said: Any, plugin: Plugin) -> list[Evidence]:
    """What a plug-in said, with its package in the detail of each finding.

    Raises:
        PluginError: it is not what the contract asks for.
    """
    items = list(islice(said, _MOST_FINDINGS + 1))
    if len(items) > _MOST_FINDINGS:
        raise plugin.error(f"gave more than {_MOST_FINDINGS} findings")
    for item in items:
        if reason := _problem(item, plugin.name):
            raise plugin.error(reason)
    items = [replace(item, detail={**item.detail, "plugin": plugin.label}) for item in items]
    try:
        size = len(json.dumps([item.to_json() for item in items], allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise plugin.error(f"gave evidence that JSON cannot hold: {told(error)}") from None
    if size > _MOST:
        raise plugin.error(f"gave {size:,} characters of evidence; {_MOST:,} is the most")
    return items


def _problem(item: Any, name: str) -> str | None:
    """What is wrong with a finding, to follow the plug-in's name."""
    if not isinstance(item, Evidence):
        return f"gave {type(item).__name__} instead of Evidence"
    if item.source != "plugin":
        return f"gave evidence of source {item.source!r}; that of a plug-in is 'plugin'"
    if not (isinstance(item.code, str) and item.code.startswith(f"{name}-")):
        return f"gave evidence of code {item.code!r}; its codes begin with {name + '-'!r}"
    if not (isinstance(item.finding, str) and item.finding.strip()):
        return "gave evidence without a sentence"
    if len(item.finding) > _MOST_SENTENCE or len(item.code) > _MOST_CODE:
        return "gave a sentence or code that is too long"
    if item.points_to not in get_args(PointsTo):
        return f"gave evidence that points to {item.points_to!r}, not to ai, real or none"
    if item.strength == "proof" or item.strength not in get_args(Strength):
        return f"gave evidence of strength {item.strength!r}, not declared, statistical or none"
    return None
