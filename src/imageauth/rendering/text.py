"""Reports as lines for a terminal."""

from imageauth.escaping import printable
from imageauth.report import Failure, Report, Verdict

# A shape beside the colour, so that nobody has to tell red from green.
MARKS = {
    Verdict.AI_GENERATED: ("■", "31;1"),
    Verdict.LIKELY_AI: ("▲", "31"),
    Verdict.INCONCLUSIVE: ("?", "33"),
    Verdict.LIKELY_REAL: ("○", "32"),
    Verdict.CAMERA_VERIFIED: ("✓", "32;1"),
}
_VERDICT_WIDTH = max(map(len, Verdict))


def headline(report: Report, *, colour: bool = False, width: int | None = None) -> str:
    """One line: mark, verdict, chance of being AI-made, file.

    Args:
        report: to show.
        colour: use ANSI colours.
        width: of the terminal; a longer file name loses its beginning. None never shortens.
    """
    mark, code = MARKS[report.verdict]
    chance = "   –" if report.probability is None else percent(report.probability)
    head = f"{mark} {report.verdict:<{_VERDICT_WIDTH}}  {chance:>6}  "
    name = printable(report.file)
    if width is not None and len(head) + len(name) > width:
        name = "…" + name[-max(8, width - len(head) - 1) :]
    return (f"\033[{code}m{head}\033[0m" if colour else head) + name


def explanation(report: Report) -> str:
    """Indented lines under a headline: the summary (unless a finding is it), all findings, limits, what answered."""
    told = {item.finding for item in report.evidence}
    lines = [] if report.summary in told else [f"  {printable(report.summary)}"]
    lines += [
        f"  - {item.source} ({weight(item.strength, item.points_to)}): {printable(item.finding)}"
        for item in report.evidence
    ]
    lines += [f"  ! {printable(limit)}" for limit in report.limits]
    model = report.produced_by.get("model") or "no pixel model"
    plugins = f"; plug-ins: {printable(added)}" if (added := report.produced_by.get("plugins")) else ""
    lines.append(f"  {report.format}, {report.width}×{report.height}, sha256 {report.sha256[:16]}…; {model}{plugins}")
    return "\n".join(lines)


def failure_line(failure: Failure) -> str:
    """One line: file, code, message."""
    return f"{printable(failure.file)}: {failure.code}: {printable(failure.message)}"


def percent(probability: float) -> str:
    """``97 %``, and ``<1 %`` or ``>99 %`` rather than a certainty that nobody has."""
    if probability < 0.01:
        return "<1 %"
    if probability > 0.99:
        return ">99 %"
    return f"{probability * 100:.0f} %"


def weight(strength: str, points_to: str) -> str:
    """How a finding weighs, in words."""
    return "points nowhere" if points_to == "none" else f"{strength}, points to {points_to}"
