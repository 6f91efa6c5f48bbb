"""What all archives have in common: which members are taken, what is said of the others, how much may come out."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from imageauth.errors import ImageError
from imageauth.escaping import one_line
from imageauth.patterns import Parts
from imageauth.report import Failure
from imageauth.scan.inputs.kinds import kind_of
from imageauth.scan.inputs.places import Place
from imageauth.scan.inputs.selection import Selection

# An archive may unpack to so many times its size, and so much more. Pictures hardly shrink at all; archives made to
# burn hours shrink a thousandfold and more.
RATIO = 200
SLACK = 64 * 2**20


@dataclass(slots=True, eq=False)
class Members:
    """The members of one archive, looked at one after the other.

    Attributes:
        place: of the archive.
        selection: which are taken.
        base: the archive's own path below what the user named, for the patterns.
        named: the user named this archive, and not a folder that it lies in.
        seen: members so far.
        taken: images among them.
        archives: that lie in it.
        unopened: the first of these.
    """

    place: Place
    selection: Selection
    base: Parts = ()
    named: bool = True
    seen: int = field(default=0, init=False)
    taken: int = field(default=0, init=False)
    archives: int = field(default=0, init=False)
    unopened: str = field(default="", init=False)

    def takes(self, member: str) -> bool:
        """Whether a member that is a regular file is taken. Its name is only a name, wherever it says that it leads."""
        self.seen += 1
        parts = (*self.base, *(part for part in member.replace("\\", "/").split("/") if part not in ("", ".")))
        if len(parts) == len(self.base):
            return False
        if self.selection.takes(parts):
            self.taken += 1
            return True
        if self.selection.opens(parts):
            self.archives += 1
            self.unopened = self.unopened or member
        return False

    def name_of(self, member: str) -> str:
        """What the results call a member."""
        return f"{self.place.name}!/{member}"

    def broken(self, error: Exception) -> Failure:
        """What is said when reading the archive cannot go on."""
        code, reason = "corrupt", f"is damaged or cut short ({one_line(error, 120)})"
        if isinstance(error, ImageError):
            code, reason = error.code, str(error)
        after = f"; of its members {self.seen} were found before that" if self.seen else ""
        return Failure(self.place.name, code, reason + after)

    def rest(self) -> Iterator[Failure]:
        """What is said at the end."""
        if self.archives:
            what = "a table" if kind_of(self.unopened) == "table" else "an archive"
            more = f", nor are {self.archives - 1} more in {self.place.name}" if self.archives > 1 else ""
            reason = f"is {what} in an archive, which is not opened{more}; unpack it first"
            yield Failure(self.name_of(self.unopened), "unsupported-format", reason)
        if self.named and not self.taken and not self.archives:
            yield Failure(self.place.name, "empty", "is an archive without images")


def check_ratio(unpacked: int, packed: int) -> None:
    """Refuse to go on with an archive that unpacks to far more than images do.

    Args:
        unpacked: bytes that came out of it, or are said to lie in it.
        packed: bytes of the archive that they came from.

    Raises:
        ImageError: ``too-large``.
    """
    if unpacked > SLACK + RATIO * packed:
        raise ImageError("too-large", f"unpacks to more than {RATIO} times its size, as archive bombs do")
