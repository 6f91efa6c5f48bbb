"""Contents → blocks: what a document says, once, for HTML and PDF alike."""

from collections import Counter
from collections.abc import Iterator

from imageauth import __version__
from imageauth.rendering.document import sections
from imageauth.rendering.document.blocks import Block, Cell, Composed, Heading, Paragraph, Start, Table
from imageauth.rendering.document.contents import Contents, Entry
from imageauth.rendering.document.text import shortened, shown
from imageauth.rendering.document.words import Words
from imageauth.rendering.text import percent
from imageauth.report import Failure, Report, Verdict

_MOST_NAME = 120


def compose(contents: Contents, language: str = "en") -> Composed:
    """The whole document.

    Raises:
        ImageAuthError: its JSON is larger than a document may carry.
    """
    words = Words(language)
    title = words.t("title.many" if len(contents.entries) > 1 else "title")
    return Composed(
        title=title,
        language=language,
        blocks=tuple(_blocks(contents, title, words)),
        made=contents.time,
        data=contents.to_text(),
        words={"page": words.t("part.page", page="{page}", pages="{pages}")},
    )


def _blocks(contents: Contents, title: str, words: Words) -> Iterator[Block]:
    count, many = len(contents.entries), len(contents.entries) > 1
    made = words.t("made-by", version=__version__, time=contents.shown_time)
    yield Start("", made)
    yield Heading(1, title)
    yield Paragraph(words.t("subtitle", count=count, version=__version__, time=contents.shown_time), soft=True)
    if many:
        yield from _overview(contents, words)
    for number, entry in enumerate(contents.entries, 1):
        name = shown(entry.answer.file)
        sha256 = f"SHA-256 {entry.identity.sha256[:16]}…" if entry.identity else ""
        yield Start(shortened(name, 60), sha256, page=many)
        if many:
            yield Heading(
                2, words.t("picture.heading", number=number, file=shortened(name, _MOST_NAME)), anchor=_anchor(number)
            )
        yield from _entry(entry, contents, words, 3 if many else 2)
    yield Start("", made, page=many)
    yield Heading(2, words.t("general"))
    yield from sections.general(contents, words)


def _anchor(number: int) -> str:
    return f"picture-{number}"


def _overview(contents: Contents, words: Words) -> Iterator[Block]:
    answers = [entry.answer for entry in contents.entries]
    counts = Counter(answer.verdict for answer in answers if isinstance(answer, Report))
    failed = len(answers) - counts.total()
    said = [words.t("overview.said", count=counts.total())]
    if failed:
        said.append(words.t("overview.failed", count=failed))
    yield Heading(2, words.t("overview"))
    yield Paragraph(" ".join(said))
    rows = [
        [Cell(words.page(f"verdict.{verdict}"), shape=str(verdict)), Cell(f"{counts[verdict]:,}", number=True)]
        for verdict in Verdict
        if counts[verdict]
    ]
    if failed:
        rows.append([Cell(words.t("not-checked"), shape="failed"), Cell(f"{failed:,}", number=True)])
    yield Table(words.t("overview.counts"), [words.t("overview.verdict"), words.t("overview.count")], rows, (0.7, 0.3))
    heads = [words.t(f"overview.{key}") for key in ("number", "file", "verdict", "chance", "rule")]
    table = [_row(number, entry, words) for number, entry in enumerate(contents.entries, 1)]
    yield Table(words.t("overview.table"), heads, table, (0.07, 0.36, 0.25, 0.12, 0.2))


def _row(number: int, entry: Entry, words: Words) -> list[Cell]:
    answer = entry.answer
    name = Cell(shortened(shown(answer.file), _MOST_NAME), target=_anchor(number))
    if isinstance(answer, Failure):
        return [
            Cell(str(number)),
            name,
            Cell(words.t("not-checked"), shape="failed"),
            Cell("–", number=True),
            Cell(shown(answer.code)),
        ]
    chance = "–" if answer.probability is None else percent(answer.probability)
    verdict = Cell(sections.headline(answer, words), shape=str(answer.verdict))
    return [Cell(str(number)), name, verdict, Cell(chance, number=True), Cell(shown(answer.reason))]


def _entry(entry: Entry, contents: Contents, words: Words, level: int) -> Iterator[Block]:
    answer = entry.answer
    if isinstance(answer, Failure):
        yield Heading(level, words.t("not-checked"), shape="failed")
        yield Paragraph(words.t("not-checked.why", message=shown(answer.message), code=shown(answer.code)))
        yield from sections.identity(entry, level, words)
        return
    yield sections.verdict(answer, level, words)
    yield Paragraph(words.t("summary", summary=shown(answer.summary)))
    yield from sections.pictures(entry, answer, level, words)
    yield from sections.chance(answer, contents, level, words)
    yield from sections.stability(answer, level, words)
    yield from sections.evidence(answer, level, words)
    yield from sections.limits(answer, level, words)
    yield from sections.identity(entry, level, words)
