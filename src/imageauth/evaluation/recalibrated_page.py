"""A recalibration as one HTML page."""

from collections.abc import Mapping
from html import escape

from imageauth.evaluation.compared_page import pair_plots
from imageauth.evaluation.recalibrated import rows
from imageauth.evaluation.recalibration import Recalibration
from imageauth.evaluation.sheet import page, row, run, section, table
from imageauth.evaluation.wording import verdict_thresholds
from imageauth.pixels.card import Card


def render_recalibration(card: Card, found: Recalibration, about: Mapping[str, str]) -> str:
    """The page.

    Args:
        card: the new one.
        found: what recalibration found.
        about: facts of the run; label → text.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    made = card.made_from
    counted = "sub-folder" if found.counted_by_source else "picture"
    data = made["data"]
    weighed = f"Classes weigh as where {found.prior:.1%} are AI-made. " if found.stated else ""
    parts = [
        section(
            "Before and after",
            "<p>After: each picture by a calibration and thresholds that saw none of its fold. "
            f"{weighed}Changes of shares are in percentage points; intervals are 95 %, by {counted}, by "
            "one bootstrap for both.</p>"
            + table(
                ["Figure", "Before", "After", "Change", "95 %"],
                (row(line[0], line[1:]) for line in rows(found.figures)),
            ),
        ),
        section(
            "Plots",
            pair_plots(found.labels, (found.before, found.after), found.figures, ("Before", "After"), found.weights),
        ),
        section("Limits", f"<ul>{''.join(f'<li>{escape(limit)}</li>' for limit in card.limits)}</ul>"),
        run(
            {
                "Made from": f"{made['parent']} {made['parent_version']}",
                "Weights, SHA-256": card.sha256,
                "Pictures": f"{data['real_pictures']:,} real and {data['ai_pictures']:,} AI-made; {data['digest']}",
                "Verdict thresholds": verdict_thresholds(card.thresholds),
                **about,
            }
        ),
    ]
    return page(f"{card.name} {card.version}", "Calibration and thresholds fitted anew; the network as it was.", parts)
