"""The errors that users meet: each has a stable code and one plain line."""

from typing import Literal

ErrorCode = Literal["unsupported-format", "corrupt", "too-large", "too-small", "empty", "unreadable"]


class ImageAuthError(Exception):
    """Base of every error that imageauth raises on purpose; its text is one line fit for a user."""


class ImageError(ImageAuthError):
    """One image could not be checked.

    Attributes:
        code: one of ``unsupported-format``, ``corrupt``, ``too-large``, ``too-small``, ``empty``, ``unreadable``.
    """

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code: ErrorCode = code


class ModelError(ImageAuthError):
    """A model is unknown, incomplete or damaged; the message says which file and why."""


class PluginError(ImageAuthError):
    """A plug-in cannot be used; the message names it and its package, and says why."""


class DataError(ImageAuthError):
    """A data set or training folder is not usable as it stands."""


class ReportTooLargeError(ImageAuthError):
    """Files say more of themselves than one report may hold."""


class MissingExtraError(ImageAuthError):
    """An optional part is not installed; the message says which ``pip install`` brings it."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f'{what} needs an optional part: pip install "imageauth[{extra}]"')
        self.extra = extra
