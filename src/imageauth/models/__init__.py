"""The shipped weights, one folder a model: ``model.tflite``, ``card.json``, ``README.md`` (the model card).

Further ones come from other packages: entry points of group ``imageauth.models`` that name such a folder.
"""

import os
from pathlib import Path

from imageauth.errors import ModelError, PluginError
from imageauth.plugins import Plugin, plugins

AUTO = "auto"
"""Instead of a model's name: of the shipped ones, that which is made for pictures of the size in question."""
DEFAULT_MODEL = "cifake"
"""Where one model is needed for all pictures."""

_HERE = Path(__file__).parent


def shipped_models() -> list[str]:
    """Names of the models that came with this installation, sorted."""
    return sorted(card.parent.name for card in _HERE.glob("*/card.json"))


def plugin_models() -> tuple[Plugin, ...]:
    """Models of other packages, by name; refused ones too. ``auto`` never chooses one."""
    return plugins("model", taken=(AUTO, *shipped_models()))


def plugin_model(name: str | Path) -> Plugin | None:
    """The model of another package that a name leads to, usable or not; None if it leads to none."""
    if str(name) in shipped_models():
        return None
    return next((plugin for plugin in plugin_models() if plugin.name == str(name)), None)


def plugin_folder(plugin: Plugin) -> Path:
    """The model folder of one.

    Raises:
        PluginError: it cannot be loaded, or is no folder.
    """
    folder = plugin.load()
    if not isinstance(folder, str | os.PathLike) or not Path(folder).is_dir():
        raise plugin.error(f"names no model folder: {str(folder)[:200]!r}")
    return Path(folder)


def find_model(name: str | Path) -> Path:
    """The folder of a shipped model, of one from another package, or the given folder itself.

    Raises:
        ModelError: none of them exists, or the package cannot be used.
    """
    if str(name) in shipped_models():
        return _HERE / str(name)
    if plugin := plugin_model(name):
        try:
            return plugin_folder(plugin)
        except PluginError as error:
            raise ModelError(str(error)) from error
    folder = Path(name)
    if folder.is_dir():
        return folder
    known = "shipped models are " + (", ".join(shipped_models()) or "none")
    if others := [plugin.name for plugin in plugin_models() if not plugin.refused]:
        known += f", plug-ins bring {', '.join(others)}"
    raise ModelError(f"there is no model {str(name)!r}: {known}; a path to a model folder works too")
