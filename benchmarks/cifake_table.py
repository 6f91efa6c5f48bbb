"""Models side by side on the validation split, clean and degraded, as Markdown.

    imageauth evaluate DATA --split validation --degradations --model NAME_OR_PATH --json one.json   # for each model
    python benchmarks/cifake_table.py "cifake=one.json" "paper=two.json" --out benchmarks/results/cifake.md

Each file is what ``imageauth evaluate --json`` wrote.
"""

import argparse
import json
from pathlib import Path
from typing import Any

FIGURES = (
    ("accuracy", "accuracy at the frozen threshold", "{:.2%}"),
    ("real_accuracy", "… on real", "{:.2%}"),
    ("fake_accuracy", "… on AI-made", "{:.2%}"),
    ("auroc", "AUROC", "{:.4f}"),
    ("average_precision", "average precision", "{:.4f}"),
    ("tpr_at_fpr_1", "TPR at 1 % FPR", "{:.2%}"),
    ("ece", "ECE, 15 bins (calibrated on this split)", "{:.4f}"),
    ("brier", "Brier", "{:.4f}"),
    ("coverage", "images that get a verdict", "{:.2%}"),
    ("accuracy_on_decided", "… of those, right", "{:.2%}"),
)


def cell(result: dict[str, Any], name: str, pattern: str) -> str:
    """A figure with its 95 % interval."""
    low, high = result["confidence_intervals"][name]
    return f"{pattern.format(result[name])} ({pattern.format(low)} – {pattern.format(high)})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="+", metavar="NAME=FILE")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    results = {
        name: json.loads(Path(file).read_text(encoding="utf-8"))
        for name, _, file in (argument.partition("=") for argument in arguments.results)
    }
    first = next(iter(results.values()))
    rule = "|---|" + "---:|" * len(results)
    lines = [
        "# CIFAKE, validation split",
        "",
        f"{first['n_real']:,} real and {first['n_fake']:,} AI images. This split chose epochs, calibrations, "
        "thresholds and the correction for wear; these are not test figures. In brackets: 95 % bootstrap intervals.",
        "",
        "| figure | " + " | ".join(f"`{name}`" for name in results) + " |",
        rule,
    ]
    for key, words, pattern in FIGURES:
        lines.append(f"| {words} | " + " | ".join(cell(result, key, pattern) for result in results.values()) + " |")
    lines += [
        "",
        "Balanced accuracy under degradations, with the threshold of clean images; in brackets the share of flips:",
        "",
    ]
    lines += ["| degradation | " + " | ".join(f"`{name}`" for name in results) + " |", rule]
    for condition in first["degradations"]:
        cells = [result["degradations"][condition] for result in results.values()]
        shown = [f"{one['balanced_accuracy']:.2%} ({one['flip_rate']:.2%})" for one in cells]
        lines.append(f"| {condition} | " + " | ".join(shown) + " |")
    lines.append("| mean flips | " + " | ".join(f"{result['flip_rate']:.2%}" for result in results.values()) + " |")
    eces = [
        sum(d["ece"] for d in result["degradations"].values()) / len(result["degradations"])
        for result in results.values()
    ]
    lines.append("| mean ECE | " + " | ".join(f"{value:.4f}" for value in eces) + " |")
    if probe := first.get("shortcut_probe"):
        shown = ", ".join(f"{name} {value:.4f}" for name, value in probe["auroc"].items())
        lines += ["", f"Shortcut probe, AUROC of a classifier that sees no pixel ({probe['n']:,} files): {shown}."]
    lines += ["", "Made by `python benchmarks/cifake_table.py` from `imageauth evaluate --json`.", ""]
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
