"""The figures' names and numbers as people read them; shared by the page and the terminal."""

import math

from imageauth.evaluation.figures import Figures
from imageauth.evaluation.paired import Column
from imageauth.pixels.card import Thresholds

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

PAIRED = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "real_accuracy": "Accuracy on real",
    "fake_accuracy": "Accuracy on AI-made",
    "auroc": "AUROC",
    "tpr_at_fpr_1": "AI found at 1 % false alarms",
    "tpr_at_fpr_5": "AI found at 5 % false alarms",
    "ece": "Calibration error (ECE)",
    "brier": "Brier score",
    "log_loss": "Log loss",
    "share_decided": "Share decided",
    "error_decided": "Wrong among decided",
    "real_left_alone": "Real not called likely-ai",
    "fake_left_alone": "AI not called likely-real",
}
"""Figures of :mod:`imageauth.evaluation.paired` that are shown, in reading order."""

_DECIMALS = {"auroc", "average_precision", "ece", "brier", "log_loss"}


def number(name: str, value: float) -> str:
    """A figure's value: areas and errors as decimals, shares in per cent, NaN as a dash."""
    if math.isnan(value):
        return "–"
    return f"{value:.4f}" if name in _DECIMALS else f"{value:.1%}" if name == "probability" else f"{value:.2%}"


def interval(name: str, figures: Figures) -> str:
    """A figure's 95 % interval, or nothing if it has none."""
    low, high = figures.intervals.get(name, (math.nan, math.nan))
    return "" if math.isnan(low) else f"{number(name, low)} – {number(name, high)}"


def change(name: str, difference: Column) -> tuple[str, str]:
    """A difference of two figures with its sign, and its 95 % interval; shares in percentage points."""

    def signed(value: float) -> str:
        if math.isnan(value):
            return "–"
        text = f"{value:+.4f}" if name in _DECIMALS else f"{100 * value:+.2f}"
        return text.replace("-", "−")

    low, high = difference.intervals.get(name, (math.nan, math.nan))
    shown = "" if math.isnan(low) else f"{signed(low)} to {signed(high)}"
    return signed(difference.values[name]), shown


def chance(p: float) -> str:
    """A p-value, as far as it matters."""
    return "p < .001" if p < 0.001 else f"p = {p:.3f}".replace("0.", ".") if p < 0.995 else "p = 1"


def verdict_thresholds(thresholds: Thresholds) -> str:
    """Where the verdicts begin, in words; a calibration gives neither 0 nor 1."""
    if math.isnan(thresholds.ai):
        return "its own, as its predictions say"
    real = f"real at or below {thresholds.real:.6g}" if thresholds.real > 0 else "real never"
    ai = f"AI at or above {thresholds.ai:.6g}" if thresholds.ai < 1 else "AI never"
    return f"{real}, {ai}"
