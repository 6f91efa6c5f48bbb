"""imageauth: was this image made by a generative model, and what does the answer rest on?

>>> from imageauth import check
>>> report = check("picture.jpg")
>>> report.verdict, report.probability, report.summary

The names below load on first use, so that ``import imageauth`` itself costs next to nothing.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from imageauth.detector import Detector, Explanation, check
    from imageauth.documents import Document, make_document
    from imageauth.errors import ImageAuthError, ImageError, ModelError
    from imageauth.imagefile import ImageFile
    from imageauth.report import Evidence, Failure, Report, Verdict

_HOMES = {
    "Detector": "detector",
    "Explanation": "detector",
    "check": "detector",
    "Document": "documents",
    "make_document": "documents",
    "ImageAuthError": "errors",
    "ImageError": "errors",
    "ModelError": "errors",
    "ImageFile": "imagefile",
    "Evidence": "report",
    "Failure": "report",
    "Report": "report",
    "Verdict": "report",
}

__all__ = [
    "Detector",
    "Document",
    "Evidence",
    "Explanation",
    "Failure",
    "ImageAuthError",
    "ImageError",
    "ImageFile",
    "ModelError",
    "Report",
    "Verdict",
    "__version__",
    "check",
    "make_document",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'imageauth' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"imageauth.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
