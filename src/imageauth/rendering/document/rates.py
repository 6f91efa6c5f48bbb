"""What was measured of the model that looked at a picture: how often such answers are wrong."""

from collections.abc import Iterator

from imageauth.pixels.condition import KIND
from imageauth.pixels.measured import Condition, Measured, Rates
from imageauth.rendering.document.blocks import Block, Cell, Heading, Paragraph, Table
from imageauth.rendering.document.contents import Looked
from imageauth.rendering.document.text import shown
from imageauth.rendering.document.words import Words
from imageauth.report import Evidence
from imageauth.verdict import Policy

# Of fewer pictures of a kind nothing is said.
_LEAST = 30


def rates(looked: Looked, answer: Evidence, policy: Policy, level: int, words: Words) -> Iterator[Block]:
    """Error rates for a picture's kind and for conditions, as far as they were measured; otherwise the card's figures.

    Args:
        looked: at the picture.
        answer: what the model said of it.
        policy: that decided.
        level: of the heading.
        words: to say it in.
    """
    about = "rates.about"
    kinds = dict(answer.detail.get("kinds") or {})
    tables = list(_measured(looked.measured, kinds, words)) if looked.measured else []
    if not tables:
        about, tables = "rates.about.card", list(_figures(looked, words))
    if not tables:
        return
    yield Heading(level, words.t("rates"))
    yield Paragraph(words.t(about))
    if not answer.detail.get("in_domain"):
        yield Paragraph(words.t("rates.outside"))
    if policy.likely_ai is not None or policy.likely_real is not None:
        yield Paragraph(words.t("rates.policy"))
    yield from tables


def _measured(measured: Measured, kinds: dict[str, float], words: Words) -> Iterator[Block]:
    if kinds:
        kind, share = max(kinds.items(), key=lambda item: item[1])
        rows = [
            _rates_row(words.t(f"rates.{side}"), found[kind])
            for side, found in (("real", measured.real), ("ai", measured.ai))
            if share > KIND and kind in found and found[kind].n >= _LEAST
        ]
        if rows:
            name = words.t(f"kind.{kind}") if words.has(f"kind.{kind}") else shown(kind)
            title = words.t("rates.kind", kind=name, share=_percent(share))
            heads = [words.t(f"rates.{key}") for key in ("of", "n", "likely-ai", "neither", "likely-real")]
            yield Paragraph(title, kept=True)
            yield Table(title, heads, rows, (0.28, 0.18, 0.18, 0.18, 0.18))
    if measured.conditions:
        title = f"{words.t('rates.condition')} ({words.t('rates.n')}: {measured.conditions[0].n:,})"
        heads = [words.t(f"rates.{key}") for key in ("condition", "ai-found", "accused", "decided", "wrong")]
        yield Table(
            title, heads, [_condition_row(each, words) for each in measured.conditions], (0.4, 0.15, 0.15, 0.15, 0.15)
        )
        yield Paragraph(words.t("rates.which"), soft=True)


def _rates_row(name: str, found: Rates) -> list[Cell]:
    neither = 1 - found.likely_ai - found.likely_real
    shares = [_percent(share) for share in (found.likely_ai, neither, found.likely_real)]
    return [Cell(name), *(Cell(text, number=True) for text in (f"{found.n:,}", *shares))]


def _condition_row(each: Condition, words: Words) -> list[Cell]:
    key = f"condition.{each.name}"
    shares = (each.ai_found, each.accused, each.decided, each.wrong)
    return [
        Cell(words.t(key) if words.has(key) else shown(each.name)),
        *(Cell(_percent(share), number=True) for share in shares),
    ]


def _figures(looked: Looked, words: Words) -> Iterator[Block]:
    """Figures of the card that say something to a person who must rely on an answer."""
    rows = []
    for name, value in looked.card.figures.items():
        if words.has(f"figure.{name}") and isinstance(value, int | float) and not isinstance(value, bool):
            text = f"{value:.4f}" if name in ("auroc", "ece") else _percent(value)
            rows.append([Cell(words.t(f"figure.{name}")), Cell(text, number=True)])
    if rows:
        title = words.t("rates.table", model=shown(f"{looked.card.name} {looked.card.version}"))
        yield Table(title, [words.t("rates.figure"), words.t("rates.value")], rows, (0.7, 0.3))


def _percent(share: float) -> str:
    """Of a measured share: one decimal below ten."""
    return f"{100 * share:.1f} %" if share < 0.0995 else f"{100 * share:.0f} %"
