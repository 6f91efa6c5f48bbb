"""What a document is made of: plain blocks that know nothing of HTML or PDF. All text in them is safe to show."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from imageauth.rendering.document.contents import Picture


@dataclass(frozen=True, slots=True)
class Cell:
    """Of a table.

    Attributes:
        text: line breaks stay.
        code: in a typeface whose letters cannot be taken for each other.
        shape: name of a drawing before it (:mod:`imageauth.rendering.document.drawings`).
        target: anchor of a heading that it leads to.
        number: is set flush right.
        depth: how far it is set in.
    """

    text: str
    code: bool = False
    shape: str = ""
    target: str = ""
    number: bool = False
    depth: int = 0


@dataclass(frozen=True, slots=True)
class Heading:
    """Attributes:
    level: 1 to 4, 1 once.
    text: of it.
    shape: as in :class:`Cell`.
    anchor: by which it can be led to.
    """

    level: int
    text: str
    shape: str = ""
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Start:
    """From here on a document is about another file, or about all (no name): for running heads.

    Attributes:
        name: of the file.
        note: beside it.
        page: begins on a new page.
    """

    name: str
    note: str = ""
    page: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer, to be seen first.

    Attributes:
        shape: as in :class:`Cell`.
        text: of the verdict.
        code: of it and of the rule that decided, as programs know them.
        lead: why, in a sentence.
        level: of its heading.
    """

    shape: str
    text: str
    code: str
    lead: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Attributes:
    text: of it.
    soft: of less weight.
    kept: on one page with what follows.
    """

    text: str
    soft: bool = False
    kept: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list of sentences."""

    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """Attributes:
    about: what it shows, for those who hear it.
    heads: of the columns.
    rows: of cells; the first of each is its head.
    widths: of the columns, as shares.
    """

    about: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    widths: Sequence[float]


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and what they are."""

    rows: Sequence[tuple[str, Sequence[Cell]]]


@dataclass(frozen=True, slots=True)
class Shown:
    """One picture of a figure.

    Attributes:
        picture: to show.
        alt: for those who cannot see it.
        caption: under it.
    """

    picture: Picture
    alt: str
    caption: str


@dataclass(frozen=True, slots=True)
class Figure:
    """Pictures side by side.

    Attributes:
        pictures: one or two.
        scale: words at the lower and the upper end of the heatmap's scale; none without a heatmap.
    """

    pictures: Sequence[Shown]
    scale: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Chance:
    """A probability, drawn.

    Attributes:
        probability, real, ai: it, and the thresholds, 0..1.
        alt: for those who cannot see it.
    """

    probability: float
    real: float
    ai: float
    alt: str


@dataclass(frozen=True, slots=True)
class Code:
    """A command to type."""

    text: str


Block = Heading | Start | Verdict | Paragraph | Items | Table | Facts | Figure | Chance | Code


@dataclass(frozen=True, slots=True)
class Composed:
    """A document, ready to be written.

    Attributes:
        title: of it.
        language: code of its words.
        blocks: in order.
        made: when, ISO 8601.
        data: the JSON that it carries.
        words: of what the writers add.
    """

    title: str
    language: str
    blocks: Sequence[Block]
    made: str
    data: str
    words: dict[str, str] = field(default_factory=dict)
