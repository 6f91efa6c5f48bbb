"""Write the tables of docs/error-rates.md from the models' own figures; ``--check`` only compares. Run by CI."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pages import filled, table, unquoted, write_or_check

from imageauth.models import find_model

FILE = Path(__file__).parent.parent / "docs" / "error-rates.md"
# Conditions of the card, in the words of people who share pictures.
CONDITIONS = {
    "jpeg-90": "saved as JPEG of quality 90",
    "jpeg-75": "saved as JPEG of quality 75",
    "resize-0.75": "reduced to three quarters and enlarged again",
    "shared-messenger": "as a messenger sends it on",
    "shared-repost": "reposted: cropped, WebP, then JPEG",
    "degraded at random, 1": "degraded at random, once",
    "degraded at random, 2": "degraded at random, another time",
}
FEWEST = 10  # pictures of a generator that is named
WORST = 15

Figures = Mapping[str, Any]


def condition(name: str) -> str:
    """A condition in words."""
    return CONDITIONS.get(name, name)


def percent(share: float, digits: int = 0) -> str:
    """A share in words."""
    return f"{100 * share:.{digits}f} %"


def answers(parts: Mapping[str, Figures]) -> tuple[int, float, float]:
    """Pictures, and the shares of them called likely-ai and likely-real, over several parts."""
    count = sum(part["n"] for part in parts.values())
    ai, real = (sum(part["n"] * part[name] for part in parts.values()) / count for name in ("likely_ai", "likely_real"))
    return count, ai, real


def hundred(figures: Figures) -> str:
    """What is said of a hundred pictures of either class."""
    rows = []
    for name, key in (("real pictures", "real_kinds"), ("AI-made pictures", "fake_kinds")):
        count, ai, real = answers(figures[key])
        cells = (ai, 1 - ai - real, real)
        rows.append((f"{name} ({count:,} measured)", *(f"{100 * share:.1f}" for share in cells)))
    return table(("of 100 …", "`likely-ai`", "`inconclusive`", "`likely-real`"), rows)


def shares(figures: Figures) -> str:
    """Of a hundred with either verdict, how many are AI-made, for several shares of AI among all (Bayes' rule)."""
    of_real, of_ai = (answers(figures[key])[1:] for key in ("real_kinds", "fake_kinds"))

    def made(prior: float, verdict: int) -> str:
        ai, real = prior * of_ai[verdict], (1 - prior) * of_real[verdict]
        share = 100 * ai / (ai + real)
        return f"{share:.0f}" if share >= 1 else f"{share:.1g}"

    rows = [(percent(prior), made(prior, 0), made(prior, 1)) for prior in (0.5, 0.1, 0.01)]
    head = ("of your pictures AI-made", "of 100 called `likely-ai`, really AI-made")
    return table((*head, "of 100 called `likely-real`, really AI-made"), rows, left=0)


def kinds(figures: Figures, key: str) -> str:
    """What is said of each kind, those with most pictures first."""
    rows = [
        (
            name,
            f"{part['n']:,}",
            f"{part['sources']}",
            percent(part["likely_ai"], 1),
            percent(1 - part["likely_ai"] - part["likely_real"], 1),
            percent(part["likely_real"], 1),
            f"{part['auroc']:.3f}",
        )
        for name, part in sorted(figures[key].items(), key=lambda item: -item[1]["n"])
        if part["n"] >= FEWEST
    ]
    return table(("kind", "pictures", "sources", "`likely-ai`", "`inconclusive`", "`likely-real`", "AUROC"), rows)


def condition_rows(figures: Figures) -> Iterator[tuple[str, ...]]:
    """One row a condition, as they are first."""
    for name, part in {"as they are": figures, **figures["conditions"]}.items():
        yield (
            condition(name),
            f"{part['auroc']:.3f}",
            percent(part["balanced_accuracy"], 1),
            percent(1 - part["real_left_alone"], 1),
            percent(part["share_decided"]),
            percent(part["error_decided"], 1),
            percent(part["flip_rate"], 1),
        )


def conditions(figures: Figures) -> str:
    """Figures under each condition."""
    head = ("pictures …", "AUROC", "balanced accuracy", "real called `likely-ai`", "get a verdict", "wrong of those")
    return table((*head, "change sides"), condition_rows(figures))


def generators(figures: Figures) -> str:
    """Those that are found least."""
    named = [(name, part) for name, part in figures["generators"].items() if part["n"] >= FEWEST]
    least = sorted(named, key=lambda item: (item[1]["likely_ai"], -item[1]["likely_real"]))[:WORST]
    rows = [
        (
            unquoted(name),
            f"{part['n']}",
            percent(part["likely_ai"]),
            percent(part["likely_real"]),
        )
        for name, part in least
    ]
    return table(("generator", "pictures", "`likely-ai`", "`likely-real`"), rows)


def text() -> str:
    """The page, as it should be."""
    everything = json.loads((find_model("photo") / "figures.json").read_text(encoding="utf-8"))
    figures = everything["all"]
    (native,) = everything["conditions"].values()
    parts = {
        "hundred": hundred(figures),
        "shares": shares(figures),
        "real kinds": kinds(figures, "real_kinds"),
        "AI kinds": kinds(figures, "fake_kinds"),
        "conditions": conditions(figures),
        "native conditions": conditions(native),
        "generators": generators(figures),
    }
    return filled(FILE.read_text(encoding="utf-8"), parts)


if __name__ == "__main__":
    write_or_check(FILE, text, __doc__)
