"""The shipped weights, one folder a model: ``model.tflite``, ``card.json``, ``README.md`` (the model card)."""

from pathlib import Path

from imageauth.errors import ModelError

AUTO = "auto"
"""Instead of a model's name: of the shipped ones, that which is made for pictures of the size in question."""
DEFAULT_MODEL = "cifake"
"""Where one model is needed for all pictures."""

_HERE = Path(__file__).parent


def shipped_models() -> list[str]:
    """Names of the models that came with this installation, sorted."""
    return sorted(card.parent.name for card in _HERE.glob("*/card.json"))


def find_model(name: str | Path) -> Path:
    """The folder of a shipped model, or the given folder itself.

    Raises:
        ModelError: neither exists.
    """
    if str(name) in shipped_models():
        return _HERE / str(name)
    folder = Path(name)
    if folder.is_dir():
        return folder
    known = ", ".join(shipped_models()) or "none"
    raise ModelError(f"there is no model {str(name)!r}: shipped models are {known}; a path to a model folder works too")
