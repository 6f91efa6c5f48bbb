"""What can be asked of storage that lies elsewhere, and which driver answers for an address."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import BinaryIO, NamedTuple, Protocol

from imageauth.errors import ImageAuthError, ImageError, MissingExtraError
from imageauth.escaping import one_line
from imageauth.images import has_image_suffix

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
_WEB = frozenset(["http", "https"])
# Scheme → the package that fsspec needs for it.
_DRIVERS = {"s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "az": "adlfs", "abfs": "adlfs"}


class Facts(NamedTuple):
    """What storage tells of a file without reading it: bytes, and a number that changes when it does; see
    :class:`imageauth.scan.items.Item`."""

    size: int | None = None
    modified: int | None = None


UNKNOWN = Facts()


class Storage(Protocol):
    """One kind of storage; addresses are whole ones. Each method raises :class:`ImageError` where it fails, once
    further attempts are in vain."""

    def facts(self, address: str) -> Facts | None:
        """Of a file; None for a folder."""
        ...

    def read(self, address: str, start: int, length: int) -> bytes:
        """A part of a file; less where it ends before."""
        ...

    def read_whole(self, address: str, size: int | None) -> bytes:
        """A file, at most :data:`MAX_BYTES`.

        Args:
            address: of it.
            size: bytes, if known.
        """
        ...

    def open_in_order(self, address: str) -> BinaryIO:
        """A file, to be read once from its beginning to its end."""
        ...

    def list(self, address: str) -> tuple[Mapping[str, Facts], list[str]]:
        """Files and folders in a folder, by the last part of their addresses."""
        ...


def scheme_of(text: str) -> str | None:
    """The scheme of an address, in lower case; None for what is none, as a path."""
    match = _SCHEME.match(text)
    return match[1].lower() if match else None


def is_web(address: str) -> bool:
    """Whether an address is one of the web."""
    return scheme_of(address) in _WEB


def path_of(address: str) -> str:
    """The part of an address that names a file; of web addresses without the query."""
    return re.split(r"[?#]", address, maxsplit=1)[0] if is_web(address) else address


def ends_like_image(address: str) -> bool:
    """Whether an address ends as image files do."""
    return has_image_suffix(path_of(address))


def storage_of(address: str) -> Storage:
    """What reads from an address.

    Raises:
        ImageAuthError: nothing does, or what does is not installed.
    """
    scheme = scheme_of(address) or ""
    if scheme not in _WEB and scheme not in _DRIVERS:
        known = ", ".join(f"{name}://" for name in (*sorted(_WEB), *sorted(_DRIVERS)))
        raise ImageAuthError(f"{scheme}:// is not storage that can be read; these are: {known}")
    return _storage(scheme)


@lru_cache(maxsize=8)
def _storage(scheme: str) -> Storage:
    try:
        import fsspec
    except ImportError:
        raise MissingExtraError(f"{scheme}://", "scan") from None
    if scheme in _WEB:
        from imageauth.scan.inputs.web import Web

        return Web()
    from imageauth.scan.inputs.buckets import Buckets

    try:
        return Buckets(fsspec.filesystem(scheme, use_listings_cache=False))
    except ImportError:
        raise ImageAuthError(f"{scheme}:// needs {_DRIVERS[scheme]}: pip install {_DRIVERS[scheme]}") from None
    except Exception as error:  # drivers look for credentials here, and raise whatever they like
        raise ImageAuthError(f"{scheme}:// cannot be used: {one_line(error)}") from error


def unreadable(error: BaseException) -> ImageError:
    """What is said of an error of storage that another attempt will not mend."""
    if isinstance(error, ImageError):
        return error
    if isinstance(error, FileNotFoundError):
        return ImageError("unreadable", "does not exist")
    if isinstance(error, PermissionError):
        return ImageError("unreadable", f"may not be read: {one_line(error)}")
    return ImageError("unreadable", f"cannot be read: {one_line(error)}")
