"""Members of tar archives and WebDataset shards.

Of a plain tar on this machine they are read from where they lie, by any process. One that is compressed, or far away,
can only be read in order: whoever walks through it reads them too.
"""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from imageauth.errors import ImageError, MissingExtraError
from imageauth.images import check_length
from imageauth.report import Failure
from imageauth.scan.inputs.kinds import Kind
from imageauth.scan.inputs.members import Members
from imageauth.scan.inputs.places import Place
from imageauth.scan.inputs.streams import Unpacked
from imageauth.scan.items import BytesSource, Item

# Bytes of one header that are read at once: long names and attributes.
_MAX_HEADER = 2**20


@dataclass(frozen=True, slots=True)
class TarMember:
    """A member of a plain tar archive.

    Attributes:
        place: of the archive.
        offset: of its first byte.
        size: bytes.
    """

    place: Place
    offset: int
    size: int

    def read(self) -> bytes:
        check_length(self.size)
        data = self.place.read(self.offset, self.size)
        if len(data) < self.size:
            raise ImageError("corrupt", "is cut short: the archive ends before it does")
        return data

    def sidecar(self) -> bytes | None:
        return None


def tar_items(members: Members, kind: Kind) -> Iterator[Item | Failure]:
    """Images of a tar archive, in its order. Links in it are left out: what they lead to has its own row.

    Args:
        members: of which.
        kind: how it is compressed.
    """
    place = members.place
    in_order = kind != "tar" or place.distant
    try:
        with place.open_in_order() if in_order else place.open() as stream:
            blocks = _Blocks(Unpacked(stream, kind) if in_order else stream)
            for member in _headers(blocks):
                if member.isreg() and members.takes(member.name):
                    yield _item(members, member, blocks if in_order else None)
    except MissingExtraError as error:
        yield members.broken(ImageError("unsupported-format", str(error)))
        return
    except Exception as error:  # readers raise anything on hostile input
        yield members.broken(error)
        return
    yield from members.rest()


def _item(members: Members, member: tarfile.TarInfo, blocks: "_Blocks | None") -> Item | Failure:
    name, place = members.name_of(member.name), members.place
    if member.issparse():
        return Failure(name, "unsupported-format", "is stored with holes (a sparse file), which is not read here")
    if blocks is None:
        return Item(name, TarMember(place, member.offset_data, member.size), member.size, place.modified)
    try:
        check_length(member.size)
    except ImageError as error:
        return Failure(name, error.code, str(error))
    return Item(name, BytesSource(blocks.content(member.size)), member.size, place.modified)


class _Blocks:
    """What :mod:`tarfile` reads headers through: only forwards, and never much at once, whatever a header says."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.last = b""

    def read(self, size: int) -> bytes:
        if size > _MAX_HEADER:
            raise ImageError("corrupt", "has a header too large to be one")
        self.last = self._stream.read(size)
        return self.last

    def content(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) < size:
            raise ImageError("corrupt", "is cut short")
        return cast(bytes, data)

    def tell(self) -> int:
        return cast(int, self._stream.tell())

    def seek(self, offset: int) -> int:
        if offset < self.tell():
            raise ImageError("corrupt", "is damaged: a header leads backwards")
        return cast(int, self._stream.seek(offset))


def _headers(blocks: _Blocks) -> Iterator[tarfile.TarInfo]:
    """Headers of an archive, none of which is kept.

    Raises:
        ImageError: it ends otherwise than archives do, so that members may be missing.
    """
    tar = tarfile.TarFile(fileobj=cast(Any, blocks), encoding="utf-8", errors="surrogateescape")
    while (member := tar.next()) is not None:
        if member.size < 0:
            raise ImageError("corrupt", "is damaged: a member has less than no bytes")
        yield member
        cast(Any, tar).members.clear()
    # tarfile takes anything that is no header for the end.
    if not blocks.last:
        raise ImageError("corrupt", "may be cut short: it ends without the mark that ends a tar archive")
    if blocks.last.strip(b"\0"):
        raise ImageError("corrupt", "is damaged: it goes on with something that is no header")
