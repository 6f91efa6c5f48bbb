"""A comparison in words and as tables for the terminal."""

from collections.abc import Iterator

from rich.markup import escape
from rich.table import Table

from imageauth.evaluation.comparison import LEAST_PICTURES, SURE, Comparison
from imageauth.evaluation.significance import McNemar
from imageauth.evaluation.wording import PAIRED, chance, change, number

NAMES = ("AI", "neither", "real")


def sentences(found: Comparison) -> list[str]:
    """What it comes to, for people without statistics."""
    test, n = found.decision, f"{len(found.labels):,}"
    told = [_decision(found, test, n)]
    if found.verdicts:
        told.append(_verdicts(found, found.verdicts.clean))
    if found.needed and found.p >= SURE:
        told.append(
            f"If the difference in accuracy is as large as it looks, about {found.needed:,} pictures would show it "
            "four times in five."
        )
    if found.by_source:
        told.append(
            "Intervals and p of the decision count sub-folders, not pictures: they speak of other sources of the same "
            "kind."
        )
    else:
        told.append("Intervals and p count pictures: they speak of further pictures from the same places.")
    if found.missing:
        told.append(
            f"{found.missing:,} pictures without a prediction are left out for both. If they were the hard ones, the "
            "comparison is unfair."
        )
    return told


def _decision(found: Comparison, test: McNemar, n: str) -> str:
    gap = test.only_b - test.only_a
    if not test.only_a + test.only_b:
        return f"On these {n} pictures A and B are right and wrong about the very same ones."
    if not gap:
        return (
            f"On these {n} pictures A and B are right equally often; each gets {test.only_a:,} right that the other "
            "gets wrong."
        )
    better, count = ("B" if gap > 0 else "A"), abs(gap)
    verdict = "chance alone would hardly do that" if found.p < SURE else "the difference may be chance"
    return f"On these {n} pictures {better} is right {_times(count)} more often; {verdict} ({chance(found.p)})."


def _verdicts(found: Comparison, test: McNemar) -> str:
    wrong_a, wrong_b = test.n - test.both - test.only_a, test.n - test.both - test.only_b
    decided = [number("share_decided", side.values["share_decided"]) for side in (found.figures.a, found.figures.b)]
    verdict = "more than chance would explain" if test.mid < SURE else "no more apart than chance may put them"
    return (
        f"A gives a verdict on {decided[0]} and is wrong {_times(wrong_a)}, B on {decided[1]} and wrong "
        f"{_times(wrong_b)}: {verdict} ({chance(test.mid)})."
    )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def rows(found: Comparison) -> Iterator[tuple[str, str, str, str, str]]:
    """Figure, A, B, B − A and its interval."""
    for name, label in PAIRED.items():
        a, b = found.figures.a.values[name], found.figures.b.values[name]
        if a != a and b != b:
            continue
        yield label, number(name, a), number(name, b), *change(name, found.figures.difference)


def tests(found: Comparison) -> Iterator[tuple[str, str, str, str]]:
    """What was tested, pictures only A and only B got right, and p."""
    named = [("Right at the decision threshold", found.decision)]
    if found.verdicts:
        named += [("Right verdict", found.verdicts.right), ("No wrong verdict", found.verdicts.clean)]
    for name, test in named:
        yield name, f"{test.only_a:,}", f"{test.only_b:,}", f"{chance(test.mid)} (exact {chance(test.exact)})"
    if found.by_source:
        yield "Right at the decision threshold, by sub-folder", "", "", chance(found.p)
    if found.areas.p == found.areas.p:
        yield "AUROC (DeLong)", "", "", chance(found.areas.p)


def tables(found: Comparison) -> Iterator[Table]:
    """All of it, for the terminal."""
    real = int((found.labels == 0).sum())
    title = f"A: {found.a.title}   B: {found.b.title}   {real:,} real and {len(found.labels) - real:,} AI-made images"
    table = Table(title=escape(title), title_justify="left")
    for head in ("", "A", "B", "B − A", "95 %"):
        table.add_column(head, justify="right" if head else "left")
    for cells in rows(found):
        table.add_row(*cells)
    yield table
    table = Table(title="Tests on the same pictures", title_justify="left")
    for head in ("", "only A", "only B", "by chance"):
        table.add_column(head, justify="right" if head else "left")
    for test in tests(found):
        table.add_row(*test)
    yield table
    if found.verdicts:
        for name, label in (("real", "Real pictures"), ("fake", "AI-made pictures")):
            table = Table(title=label, title_justify="left")
            for head in ("A's verdict \\ B's", *NAMES):
                table.add_column(head, justify="right" if head in NAMES else "left")
            for row, counts in zip(NAMES, found.verdicts.table[name], strict=True):
                table.add_row(row, *(f"{count:,}" for count in counts))
            yield table
    if found.groups:
        table = Table(title=f"By sub-folder of {LEAST_PICTURES} images or more (p after Holm)", title_justify="left")
        for head in ("sub-folder", "images", "A right", "B right", "by chance"):
            table.add_column(head, justify="left" if head == "sub-folder" else "right", overflow="fold")
        for line in groups(found):
            table.add_row(escape(line[0]), *line[1:])
        yield table


def groups(found: Comparison) -> Iterator[tuple[str, str, str, str, str]]:
    """Sub-folder, pictures, shares that each gets right, and p after Holm."""
    for name, group in found.groups.items():
        test = group.test
        a, b = ((test.both + only) / test.n for only in (test.only_a, test.only_b))
        yield name or "(none)", f"{test.n:,}", f"{a:.1%}", f"{b:.1%}", chance(group.adjusted)
