"""Learning curves of runs: validation error and AUROC by epoch.

    python benchmarks/curves.py "pocket=RUN" "pocket-grown=RUN" --out docs/images/cifake-curves.svg

``RUN`` is a folder that ``imageauth train`` left, finished or not.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from imageauth.evaluation.plots import BLUE, GREY, ORANGE, STYLE, require_matplotlib, svg_text
from imageauth.files import write_text

LINES = ((BLUE, "-"), (ORANGE, "--"), ("#009E73", "-."), (GREY, ":"))


def history(run: Path) -> list[dict[str, Any]]:
    """Rows by epoch."""
    record = json.loads((run / "run.json").read_text(encoding="utf-8"))
    found = record if "history" in record else json.loads((run / "checkpoint" / "state.json").read_text("utf-8"))
    rows: list[dict[str, Any]] = found["history"]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="NAME=RUN")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    matplotlib = require_matplotlib("drawing curves")
    with matplotlib.rc_context(STYLE):
        figure = matplotlib.figure.Figure(figsize=(9.4, 3.6), layout="constrained")
        error, area = figure.subplots(1, 2)
        for text, (colour, style) in zip(arguments.runs, LINES, strict=False):
            name, _, folder = text.partition("=")
            rows = history(Path(folder))
            epochs = [row["epoch"] for row in rows]
            missed = [100 * (1 - row["validation_accuracy"]) for row in rows]
            error.plot(epochs, missed, color=colour, linestyle=style, label=name)
            area.plot(epochs, [1 - row["validation_auroc"] for row in rows], color=colour, linestyle=style)
        error.set(title="Validation error, single view (%)", xlabel="epoch", ylim=(1.8, 8))
        area.set(title="1 − AUROC on validation, single view", xlabel="epoch", yscale="log", ylim=(1e-3, 1e-1))
        error.legend()
        write_text(arguments.out, svg_text(figure, "curves"))


if __name__ == "__main__":
    main()
