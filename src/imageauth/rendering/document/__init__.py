"""Reports as a document to print, keep and hand on: composed once, written as HTML or PDF, and read back."""

from imageauth.rendering.document.contents import (
    ATTACHMENT,
    ELEMENT,
    MOST_JSON_BYTES,
    MOST_PICTURES,
    SCHEMA,
    Contents,
    Entry,
    Heat,
    Identity,
    Looked,
    Picture,
)
from imageauth.rendering.document.reading import read_document

__all__ = [
    "ATTACHMENT",
    "ELEMENT",
    "MOST_JSON_BYTES",
    "MOST_PICTURES",
    "SCHEMA",
    "Contents",
    "Entry",
    "Heat",
    "Identity",
    "Looked",
    "Picture",
    "read_document",
]
