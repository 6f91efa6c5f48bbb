"""Write docs/leaderboard.md from docs/results; ``--check`` only compares, ``--add F.json NAME`` takes up an evaluation.

``docs/results/boards.toml`` says what each board measures on. ``NAME.toml`` describes an entry, in words; its figures
are in ``NAME.json``, which ``--add`` makes of what ``imageauth evaluate --json`` wrote, or in a file of ours that
``figures`` names. docs/leaderboard.md tells how to add one. Run by CI with ``--check``.
"""

import json
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pages import filled, table, write_or_check

from imageauth.escaping import table_cell
from imageauth.evaluation.figures import rounded

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "results"
FILE = ROOT / "docs" / "leaderboard.md"
BOARDS = "boards.toml"

COLUMNS = {
    "auroc": ("AUROC", 3),
    "balanced_accuracy": ("balanced accuracy", 1),
    "real_accuracy": ("right on real", 1),
    "fake_accuracy": ("right on AI", 1),
    "tpr_at_fpr_5": ("AI found at 5 % false alarms", 1),
    "ece": ("ECE", 3),
    "share_decided": ("decided", 1),
    "error_decided": ("wrong of those", 1),
}
"""Figure → (head, decimals); those below 3 are shares in per cent."""
ENTRY = {"board", "name", "version", "date", "licence", "link", "hardware", "conditions"}
BOARD = {"order", "title", "data", "split"}
# Of an evaluation these are kept: the groups of a large data set would be most of it.
KEPT = (
    *("schema", "imageauth", "model", "model_version", "model_sha256", "n", "n_real", "n_fake", "accuracy"),
    *("balanced_accuracy", "real_accuracy", "fake_accuracy", "auroc", "average_precision", "tpr_at_fpr_1"),
    *("tpr_at_fpr_5", "ece", "brier", "coverage", "accuracy_on_decided", "threshold", "confusion"),
    *("confidence_intervals", "outside_domain", "data"),
)


def read(folder: Path = RESULTS) -> dict[str, tuple[dict[str, Any], list[tuple[dict[str, Any], dict[str, Any]]]]]:
    """Board → (its description, its entries as (description, figures), the best AUROC first).

    Raises:
        ValueError: something is missing, or two entries of a board were measured on different pictures.
    """
    boards = tomllib.loads((folder / BOARDS).read_text(encoding="utf-8"))
    found: dict[str, tuple[dict[str, Any], list[tuple[dict[str, Any], dict[str, Any]]]]] = {}
    for name, board in sorted(boards.items(), key=lambda item: int(item[1].get("order", 0))):
        _complete(f"{BOARDS}, [{name}]", board, BOARD)
        found[name] = (board, [])
    for file in sorted(folder.glob("*.toml")):
        if file.name == BOARDS:
            continue
        entry = tomllib.loads(file.read_text(encoding="utf-8"))
        _complete(file.name, entry, ENTRY)
        if entry["board"] not in found:
            raise ValueError(f"{file.name}: there is no board {entry['board']!r}")
        found[entry["board"]][1].append((entry, _figures(file, entry)))
    for name, (_, entries) in found.items():
        if len({(figures["n_real"], figures["n_fake"], figures.get("digest")) for _, figures in entries}) > 1:
            raise ValueError(f"the entries of {name} were measured on different pictures")
        entries.sort(key=lambda item: -item[1]["auroc"])
    return found


def _figures(file: Path, entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry's figures, under the names of :data:`COLUMNS` whatever wrote them."""
    source = file.with_suffix(".json")
    where: list[str] = []
    if "figures" in entry:
        path, _, inside = str(entry["figures"]).partition("#")
        source, where = ROOT / path, [part for part in inside.split("/") if part]
    data = json.loads(source.read_text(encoding="utf-8"))
    for part in where:
        data = data[part]
    if "coverage" in data:
        data = {**data, "share_decided": data["coverage"]}
        right = data["accuracy_on_decided"]
        data["error_decided"] = None if right is None else 1 - right
        low, high = data["confidence_intervals"].get("accuracy_on_decided", (None, None))
        intervals = data["confidence_intervals"]
        data["confidence_intervals"] = {
            **intervals,
            "share_decided": intervals.get("coverage", (None, None)),
            "error_decided": (None, None) if low is None else (1 - high, 1 - low),
        }
    _complete(source.name, data, {"n_real", "n_fake", *COLUMNS})
    return {**data, "digest": data.get("data", {}).get("digest")}


def _complete(name: str, given: Mapping[str, Any], wanted: set[str]) -> None:
    if missing := sorted(wanted - set(given)):
        raise ValueError(f"{name} lacks {missing[0]!r}")


def _shown(figures: Mapping[str, Any], name: str) -> str:
    value, decimals = figures[name], COLUMNS[name][1]
    if value is None:
        return "–"

    def text(number: float) -> str:
        return f"{number:.3f}" if decimals == 3 else f"{number:.1%}"

    low, high = figures.get("confidence_intervals", {}).get(name) or (None, None)
    return text(value) + ("" if low is None else f"<br>{text(low)}–{text(high)}")


def tables(folder: Path = RESULTS) -> str:
    """All boards, in Markdown."""
    parts = []
    for board, entries in read(folder).values():
        parts += [f"## {board['title']}", "", board["data"], "", f"**Split.** {board['split']}", ""]
        if entries:
            figures = entries[0][1]
            counts = f"{figures['n_real']:,} real and {figures['n_fake']:,} AI-made pictures"
            digest = f", digest `{figures['digest'][:16]}…`" if figures["digest"] else ""
            parts += [f"**Pictures.** {counts}{digest}.", ""]
        heads = ["model", *(head for head, _ in COLUMNS.values())]
        rows = (
            (f"{table_cell(entry['name'])} {table_cell(entry['version'])}", *(_shown(each, name) for name in COLUMNS))
            for entry, each in entries
        )
        parts.append(table(heads, rows))  # which ends its last line: a blank one follows
        for entry, _ in entries:
            link = f" ({entry['link']})" if entry["link"] else ""
            parts += [
                f"- **{entry['name']} {entry['version']}**{link}, {entry['licence']}; measured {entry['date']} on "
                f"{entry['hardware']}. {' '.join(entry['conditions'].split())}"
            ]
        parts.append("")
    return "\n".join(parts)


def add(evaluation: Path, name: str) -> None:
    """Keep what a board shows of an evaluation."""
    data = json.loads(evaluation.read_text(encoding="utf-8"))
    kept = {key: data[key] for key in KEPT if key in data}
    kept["data"] = {key: value for key, value in data["data"].items() if key != "folder"}
    (RESULTS / f"{name}.json").write_text(json.dumps(rounded(kept), indent=1) + "\n", encoding="utf-8")
    print(f"docs/results/{name}.json is written; describe it in docs/results/{name}.toml")


def text() -> str:
    """The page, as it should be."""
    return filled(FILE.read_text(encoding="utf-8"), {"boards": f"\n{tables()}\n"})


if __name__ == "__main__":
    if sys.argv[1:2] == ["--add"] and len(sys.argv) == 4:
        add(Path(sys.argv[2]), sys.argv[3])
    else:
        write_or_check(FILE, text, __doc__)
