"""The plot of a search: how the best score rose, and the score against each of the parameters that mattered most."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import FrozenTrial, TrialState

from imageauth.evaluation.plots import BLUE, GREY, INK, ORANGE, STYLE, require_matplotlib, svg_text
from imageauth.files import write_text
from imageauth.training.search.space import Parameter
from imageauth.training.search.study import Search

PLOT_FILE = "trials.svg"
PANELS = 6
LEAST = 8  # complete trials below which an importance would be chance
LABEL = "1 − score"  # scores crowd below 1; on a logarithmic axis their distance to it tells them apart


def write_plot(search: Search, space: Mapping[str, Parameter], out: Path) -> None:
    """Write ``trials.svg``, if any trial is complete.

    Raises:
        ImageAuthError: it cannot be written, or matplotlib is missing.
    """
    matplotlib = require_matplotlib("tuning", "train")
    if not (complete := search.complete):
        return
    importance = importances(search.study, complete)
    # Before there is an importance, the table's own order.
    names = (list(importance) or list(space))[:PANELS]
    with matplotlib.rc_context(STYLE):
        figure = matplotlib.figure.Figure(figsize=(9.4, 8.4), layout="constrained")
        grid = figure.add_gridspec(3, 3)
        _history(figure.add_subplot(grid[0, :]), search.finished)
        for index, name in enumerate(names):
            axes = figure.add_subplot(grid[1 + index // 3, index % 3])
            _panel(axes, name, space[name], complete, importance.get(name))
        write_text(out / PLOT_FILE, svg_text(figure, "trials"))


def importances(study: optuna.Study, complete: list[FrozenTrial]) -> dict[str, float]:
    """Share of the score's variance that each parameter explains, largest first (fANOVA, Hutter et al. 2014).

    Empty where complete trials are few or all alike.
    """
    if len(complete) < LEAST or len({trial.values[0] for trial in complete}) == 1:
        return {}
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    return optuna.importance.get_param_importances(study, evaluator=evaluator)


def _distance(trials: list[FrozenTrial]) -> Any:
    return np.maximum(1e-6, 1 - np.array([trial.values[0] for trial in trials]))


def _history(axes: Any, finished: list[FrozenTrial]) -> None:
    complete = [trial for trial in finished if trial.state == TrialState.COMPLETE]
    at, distance = [trial.number for trial in complete], _distance(complete)
    axes.step(at, np.minimum.accumulate(distance), where="post", color=BLUE, linewidth=1.6, label="best so far")
    axes.scatter(at, distance, color=BLUE, s=22, label="complete")
    pruned = [trial for trial in finished if trial.state != TrialState.COMPLETE]
    # What they had reached says little, so they only show when they ran.
    floor = axes.get_xaxis_transform()
    axes.plot([trial.number for trial in pruned], [0.03] * len(pruned), "x", color=GREY, markersize=5,
              transform=floor, label="pruned or failed")  # fmt: skip
    for trial in complete:
        if trial.user_attrs.get("baseline"):
            axes.scatter([trial.number], _distance([trial]), color=ORANGE, marker="D", s=40, label="recipe pocket")
    axes.set(title="Search", xlabel="Trial", ylabel=LABEL)
    _logarithmic(axes, "y")
    axes.xaxis.get_major_locator().set_params(integer=True)
    # Beside the title, where no point can lie under it.
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), fontsize=8, ncols=4)


def _panel(axes: Any, name: str, parameter: Parameter, complete: list[FrozenTrial], importance: float | None) -> None:
    values = parameter.values
    title = name if importance is None else f"{name} ({importance:.0%})"
    axes.set(title=title, ylabel=LABEL)
    _logarithmic(axes, "y")
    if isinstance(values, CategoricalDistribution):
        axes.set_xticks(range(len(values.choices)), [str(choice) for choice in values.choices])
        axes.set_xlim(-0.5, len(values.choices) - 0.5)
    elif isinstance(values, FloatDistribution) and values.log:
        _logarithmic(axes, "x")
    else:
        axes.xaxis.get_major_locator().set_params(integer=isinstance(values, IntDistribution))
    for trial in complete:
        x = trial.params[name]
        if isinstance(values, CategoricalDistribution):
            x = values.choices.index(x)
        baseline = trial.user_attrs.get("baseline", False)
        color, marker = (ORANGE, "D") if baseline else (BLUE, "o")
        axes.scatter([x], _distance([trial]), color=color, marker=marker, s=22, alpha=0.8, edgecolor=INK, linewidth=0.3)


def _logarithmic(axes: Any, which: str) -> None:
    """Make an axis logarithmic with plain numbers at 1, 2 and 5, which a short range needs."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set(**{f"{which}scale": "log"})
    axis = getattr(axes, f"{which}axis")
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())
