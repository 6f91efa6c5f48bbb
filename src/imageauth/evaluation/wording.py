"""The figures' names and numbers as people read them; shared by the page and the terminal."""

import math

from imageauth.evaluation.figures import Figures

HEADLINE = {
    "balanced_accuracy": "Balanced accuracy",
    "real_accuracy": "Accuracy on real",
    "fake_accuracy": "Accuracy on AI-made",
    "accuracy": "Accuracy",
    "auroc": "AUROC",
    "average_precision": "Average precision",
    "tpr_at_fpr_1": "AI found at 1 % false alarms",
    "tpr_at_fpr_5": "AI found at 5 % false alarms",
    "ece": "Calibration error (ECE)",
    "brier": "Brier score",
    "coverage": "Share decided",
    "accuracy_on_decided": "Accuracy on decided",
}
"""Every measured figure with its label, in reading order."""

COLUMNS = {
    "balanced_accuracy": "Balanced acc.",
    "real_accuracy": "Real acc.",
    "fake_accuracy": "AI acc.",
    "auroc": "AUROC",
    "average_precision": "AP",
}
"""The figures of a table with one row a degradation or group."""

_DECIMALS = {"auroc", "average_precision", "ece", "brier"}


def number(name: str, value: float) -> str:
    """A figure's value: areas and errors as decimals, shares in per cent, NaN as a dash."""
    if math.isnan(value):
        return "–"
    return f"{value:.4f}" if name in _DECIMALS else f"{value:.1%}" if name == "probability" else f"{value:.2%}"


def interval(name: str, figures: Figures) -> str:
    """A figure's 95 % interval, or nothing if it has none."""
    low, high = figures.intervals.get(name, (math.nan, math.nan))
    return "" if math.isnan(low) else f"{number(name, low)} – {number(name, high)}"
