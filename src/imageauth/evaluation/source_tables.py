"""Leave-sources-out figures as Markdown, for a model card."""

from collections.abc import Mapping

from imageauth.escaping import table_cell
from imageauth.evaluation.leave_sources_out import ConditionFigures, PartFigures, SourceFigures

_WORDS = {
    "auroc": "AUROC, all pictures",
    "auroc_macro": "AUROC, macro over sources",
    "auroc_macro_ai": "AUROC, macro over AI sources",
    "auroc_macro_real": "AUROC, macro over real sources",
    "tpr_at_fpr_1": "AI found at 1 % of real pictures accused",
    "tpr_at_fpr_5": "AI found at 5 % of real pictures accused",
    "balanced_accuracy": "Balanced accuracy, threshold frozen on other folds",
    "balanced_accuracy_macro": "the same, macro over sources",
    "real_left_alone": "Real pictures not called likely-ai",
    "real_left_alone_macro": "the same, macro over sources",
    "share_decided": "Share that gets a verdict",
    "error_decided": "Wrong verdicts among those",
    "ece": "Calibration error (ECE), all pictures",
    "ece_macro": "the same, each source counting the same",
}
_AREAS = {"auroc", "auroc_macro", "auroc_macro_ai", "auroc_macro_real", "ece", "ece_macro"}
_OF_CONDITIONS = (
    *("auroc", "auroc_macro", "balanced_accuracy", "real_left_alone"),
    *("share_decided", "error_decided"),
)
_FEW = 10  # pictures; rows of fewer are summed up


def headline(figures: SourceFigures) -> str:
    """The figures of the pictures as they are, with intervals."""
    counts = figures.counts
    lines = [
        f"{counts['n_real']:,} real pictures of {counts['real_sources']:,} sources and {counts['n_fake']:,} AI "
        f"pictures of {counts['fake_sources']:,}, each judged by a model that saw none of its source "
        f"({counts['folds']} folds).",
        "",
        "| figure | | 95 %, by source |",
        "|---|---:|---:|",
    ]
    for name, words in _WORDS.items():
        low, high = figures.clean.intervals.get(name, (float("nan"),) * 2)
        lines.append(f"| {words} | {_shown(name, figures.clean.values[name])} | "
                     f"{_shown(name, low)}–{_shown(name, high)} |")  # fmt: skip
    if figures.worst_real_kind:
        kind, share = figures.worst_real_kind
        lines.append(f"| Real pictures not called likely-ai, worst kind ({table_cell(kind)}) | {share:.1%} | |")
    return "\n".join(lines)


def by_condition(figures: SourceFigures) -> str:
    """One row a condition, the pictures as they are first."""
    lines = [
        "| condition | AUROC | macro | balanced accuracy | real left alone | decided | wrong of those | side changed |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    rows: dict[str, ConditionFigures] = {"as they are": figures.clean, **figures.conditions}
    for name, condition in rows.items():
        values = condition.values
        shown = (_shown(key, values[key]) for key in _OF_CONDITIONS)
        lines.append(f"| {table_cell(name)} | {' | '.join(shown)} | {condition.flip_rate:.1%} |")
    return "\n".join(lines)


def by_part(what: str, parts: Mapping[str, PartFigures], *, ai: bool, least: int = _FEW) -> str:
    """One row a generator or kind, most pictures first.

    Args:
        what: the rows are.
        parts: name → figures.
        ai: whether of AI pictures.
        least: pictures; what has fewer is only counted.
    """
    lines = [
        f"| {what} | pictures | sources | AUROC | right at the decision | likely-ai | likely-real |",
        "|---|---:|---:|---:|---:|---:|---:|",
        *(
            f"| {table_cell(name)} | {part.n:,} | {part.sources:,} | {_shown('auroc', part.auroc)} | "
            f"{part.accuracy:.1%} | {part.likely_ai:.1%} | {part.likely_real:.1%} |"
            for name, part in parts.items()
            if part.n >= least
        ),
    ]
    if few := [part for part in parts.values() if part.n < least]:
        n = sum(part.n for part in few)
        right = sum(part.accuracy * part.n for part in few) / n
        said = sum((part.likely_ai if ai else part.likely_real) * part.n for part in few) / n
        cells = f"{said:.1%} | |" if ai else f"| {said:.1%} |"
        lines.append(f"| {len(few)} others of fewer than {least} pictures | {n:,} | | | {right:.1%} | {cells}")
    return "\n".join(lines)


def report(figures: SourceFigures) -> str:
    """All tables, each under a heading of level 3."""
    parts = [("Figures", headline(figures))]
    if figures.conditions:
        parts.append(("Conditions", by_condition(figures)))
    parts += [
        ("Real pictures, by kind", by_part("kind", figures.real_kinds, ai=False, least=1)),
        ("AI pictures, by kind", by_part("kind", figures.fake_kinds, ai=True, least=1)),
        ("AI pictures, by generator", by_part("generator", figures.generators, ai=True)),
    ]
    return "\n\n".join(f"### {title}\n\n{text}" for title, text in parts) + "\n"


def _shown(name: str, value: float) -> str:
    if value != value:
        return "–"
    return f"{value:.3f}" if name in _AREAS else f"{value:.1%}"
