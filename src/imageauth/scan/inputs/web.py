"""Files on web servers, through fsspec: bounded whatever a server sends, asked again when it fails."""

import io
import re
import time
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from typing import Any, BinaryIO, TypeVar, cast
from urllib.parse import unquote, urljoin

import aiohttp
import fsspec

from imageauth.errors import ImageError
from imageauth.escaping import one_line
from imageauth.images import MAX_BYTES, check_length, too_many_bytes
from imageauth.scan.inputs.storage import UNKNOWN, Facts, unreadable

#: Seconds to wait before each further attempt.
PAUSES = (0.5, 2.0, 6.0)
_SECONDS = 300.0  # for one image
_CONNECT_SECONDS, _SILENCE_SECONDS = 15.0, 30.0
_MAX_INDEX = 16 * 2**20
_PASSING = frozenset([408, 425, 429, 500, 502, 503, 504])

Got = TypeVar("Got")


class Web:
    """See :class:`imageauth.scan.inputs.storage.Storage`."""

    def __init__(self) -> None:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=_SILENCE_SECONDS)
        how = {"timeout": timeout, "trust_env": True, "headers": {"User-Agent": "imageauth"}}
        self._files = fsspec.filesystem("https", use_listings_cache=False, client_kwargs=how)

    def facts(self, address: str) -> Facts | None:
        """Asks for one byte, because not every server answers HEAD, and tells whether parts can be had."""
        if address.endswith("/"):
            return None

        def ask() -> Facts:
            with self._get(address, 0, 1) as stream:
                total = re.fullmatch(r"bytes 0-0/(\d+)", stream.r.headers.get("Content-Range", "").strip())
                if stream.r.status != 206 or not total:
                    raise ImageError("unreadable", "cannot be read in parts from this server; download it first")
                return Facts(int(total[1]))

        return _patiently(ask)

    def read(self, address: str, start: int, length: int) -> bytes:
        def ask() -> bytes:
            with self._get(address, start, length) as stream:
                if stream.r.status != 206:
                    raise ImageError("unreadable", "cannot be read in parts from this server; download it first")
                return _bounded(stream, length)

        return _patiently(ask) if length else b""

    def read_whole(self, address: str, size: int | None) -> bytes:
        def ask() -> bytes:
            with self._get(address) as stream:
                if int(stream.r.headers.get("Content-Length", 0)) > MAX_BYTES:
                    raise too_many_bytes(MAX_BYTES)
                data = _bounded(stream, MAX_BYTES + 1)
            check_length(len(data))
            return data

        return _patiently(ask)

    def open_in_order(self, address: str) -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(cast(Any, _Resumed(self._get, address)), 2**20))

    def list(self, address: str) -> tuple[Mapping[str, Facts], list[str]]:
        """From the links of the page that servers show for a folder."""

        def ask() -> bytes:
            with self._get(address) as stream:
                return _bounded(stream, _MAX_INDEX + 1)

        page = _patiently(ask)
        if len(page) > _MAX_INDEX:
            raise ImageError("too-large", f"is a list of files larger than {_MAX_INDEX >> 20} MiB")
        links = _Links()
        links.feed(page.decode("utf-8", "replace"))
        names = {name for link in links.found if (name := _child(address, link))}
        folders = sorted(name[:-1] for name in names if name.endswith("/"))
        return dict.fromkeys((name for name in names if not name.endswith("/")), UNKNOWN), folders

    def _get(self, address: str, start: int | None = None, length: int | None = None) -> Any:
        """An answer, as a stream; of a part, if one is asked for."""
        headers = {"Accept-Encoding": "identity"}
        if start is not None:
            headers["Range"] = f"bytes={start}-" if length is None else f"bytes={start}-{start + length - 1}"
        # A size that is given is not asked for; no block size makes it a stream.
        return self._files.open(address, block_size=0, size=1, headers=headers)


class _Resumed(io.RawIOBase):
    """One long answer, asked for again from where it broke off."""

    def __init__(self, get: Callable[..., Any], address: str) -> None:
        self._get, self._address, self._at = get, address, 0
        self._stream: Any = _patiently(lambda: get(address))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        def ask() -> bytes:
            if self._stream is None:
                self._stream = self._get(self._address, self._at)
                if self._at and self._stream.r.status != 206:
                    raise ImageError("unreadable", "broke off, and this server does not send the rest alone")
            try:
                return cast(bytes, self._stream.read(len(buffer)))
            except Exception:
                self._stream = None
                raise

        data = _patiently(ask)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        if self._stream is not None and not self.closed:
            self._stream.close()
        super().close()


def _patiently(ask: Callable[[], Got]) -> Got:
    """Ask until there is an answer, or further attempts are in vain.

    Raises:
        ImageError: they are.
    """
    for pause in (*PAUSES, None):
        try:
            return ask()
        except aiohttp.ClientResponseError as error:
            if error.status in (401, 403):
                raise ImageError("unreadable", f"may not be read: the server answers {error.status}") from error
            if error.status not in _PASSING or pause is None:
                raise ImageError("unreadable", f"cannot be read: the server answers {error.status}") from error
        except (FileNotFoundError, PermissionError, aiohttp.InvalidURL) as error:
            raise unreadable(error) from error
        except (OSError, aiohttp.ClientError) as error:
            if pause is None:
                reason = "too slow" if isinstance(error, TimeoutError) else one_line(error)
                raise ImageError("unreadable", f"cannot be read: {reason}") from error
        time.sleep(pause)
    raise AssertionError


def _bounded(stream: Any, limit: int) -> bytes:
    """What a server sends, up to a limit in bytes and in time."""
    deadline = time.monotonic() + _SECONDS
    pieces = []
    while limit > 0 and (piece := stream.read(min(limit, 2**20))):
        pieces.append(piece)
        limit -= len(piece)
        if time.monotonic() > deadline:
            raise ImageError("unreadable", f"took longer than {_SECONDS:g} s")
    return b"".join(pieces)


class _Links(HTMLParser):
    """Where the links of a page lead."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.found += [value for name, value in attrs if name == "href" and value]


def _child(folder: str, link: str) -> str | None:
    """The name that a link gives to something right in a folder, with a slash if that is a folder; else None."""
    try:
        address = urljoin(folder, link)
    except ValueError:
        return None
    name = address.removeprefix(folder)
    right_in_it = name != address and re.fullmatch(r"[^/?#]+/?", name)
    return name if right_in_it and unquote(name).rstrip("/") not in ("", ".", "..") else None
