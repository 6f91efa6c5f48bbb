"""What the search varies: one table, and the way between its parameters and a recipe."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)

from imageauth.training.networks import NETWORKS
from imageauth.training.recipe import Recipe

Params = dict[str, Any]

# Learning rate and weight decay mean different things to each optimizer, so the search multiplies these.
USUAL_RATE = {"sgd": 0.1, "adamw": 2e-3}
USUAL_DECAY = {"sgd": 5e-4, "adamw": 0.05}
STAGES = 3


@dataclass(frozen=True, slots=True)
class Parameter:
    """One line of the table.

    Attributes:
        values: the values that it may take.
        meaning: for the reader.
    """

    values: CategoricalDistribution | FloatDistribution | IntDistribution
    meaning: str


SPACE: dict[str, Parameter] = {
    "width": Parameter(IntDistribution(16, 64, step=8), "channels of the first stage; each later one doubles them"),
    "depth1": Parameter(IntDistribution(1, 3), "residual blocks of the first stage, at full resolution"),
    "depth2": Parameter(IntDistribution(1, 3), "residual blocks of the second stage"),
    "depth3": Parameter(IntDistribution(1, 3), "residual blocks of the third stage"),
    "colour": Parameter(CategoricalDistribution(("rgb", "ycbcr")), "what the stem sees: RGB, or luma and chroma"),
    "high_pass": Parameter(CategoricalDistribution((False, True)), "whether the stem sees the finest detail apart"),
    "attention": Parameter(CategoricalDistribution((False, True)), "squeeze-excite gates in every block"),
    "dropout": Parameter(FloatDistribution(0.0, 0.5, step=0.05), "share of pooled features dropped"),
    "shift": Parameter(IntDistribution(0, 4), "most pixels that a picture is moved"),
    "cutmix": Parameter(FloatDistribution(0.0, 0.8, step=0.1), "share of pictures that get a patch of another one"),
    "long_chains": Parameter(CategoricalDistribution((False, True)), "chains of degradations crop and compress twice"),
    "degraded": Parameter(FloatDistribution(0.0, 0.8, step=0.05), "share of each batch that is degraded"),
    "label_smoothing": Parameter(FloatDistribution(0.0, 0.1, step=0.01), "how far targets move towards one half"),
    "optimizer": Parameter(CategoricalDistribution(("sgd", "adamw")), "SGD with Nesterov momentum, or AdamW"),
    "rate_factor": Parameter(FloatDistribution(0.1, 4.0, log=True), "times the optimizer's usual rate: learning_rate"),
    "decay_factor": Parameter(FloatDistribution(0.1, 10.0, log=True), "times its usual decay: weight_decay"),
    "batch_size": Parameter(CategoricalDistribution((64, 128, 256)), "pictures a step"),
}  # fmt: skip


_AS_THEY_ARE = ("shift", "cutmix", "long_chains", "degraded", "label_smoothing", "optimizer", "batch_size")


def recipe_of(params: Params, base: Recipe) -> Recipe:
    """``base`` with what the parameters say; network options at the network's defaults are left out."""
    width = params["width"]
    options = {
        "widths": [width * 2**stage for stage in range(STAGES)],
        "depths": [params[f"depth{stage}"] for stage in range(1, STAGES + 1)],
        "attention": params["attention"],
        "dropout": _short(params["dropout"]),
        "colour": params["colour"],
        "high_pass": params["high_pass"],
    }
    usual = _defaults(base.network)
    optimizer = params["optimizer"]
    return replace(
        base,
        network_options={name: value for name, value in options.items() if value != usual[name]},
        shift=params["shift"],
        cutmix=_short(params["cutmix"]),
        long_chains=params["long_chains"],
        degraded=_short(params["degraded"]),
        label_smoothing=_short(params["label_smoothing"]),
        optimizer=optimizer,
        learning_rate=_short(USUAL_RATE[optimizer] * params["rate_factor"]),
        weight_decay=_short(USUAL_DECAY[optimizer] * params["decay_factor"]),
        batch_size=params["batch_size"],
    )


def params_of(recipe: Recipe) -> Params:
    """The parameters that give ``recipe``; its stages must double in width."""
    options = _defaults(recipe.network) | recipe.network_options
    return {
        "width": options["widths"][0],
        **{f"depth{stage}": depth for stage, depth in enumerate(options["depths"], 1)},
        **{name: options[name] for name in ("colour", "high_pass", "attention", "dropout")},
        **{name: getattr(recipe, name) for name in _AS_THEY_ARE},
        "rate_factor": recipe.learning_rate / USUAL_RATE[recipe.optimizer],
        "decay_factor": recipe.weight_decay / USUAL_DECAY[recipe.optimizer],
    }


def largest_batch(space: Mapping[str, Parameter]) -> int:
    """The most pictures that a step of this space may need."""
    values = space["batch_size"].values
    if isinstance(values, CategoricalDistribution):
        return max(choice for choice in values.choices if isinstance(choice, int))
    return int(values.high)


def space_to_json(space: Mapping[str, Parameter]) -> dict[str, str]:
    """Plain data that changes with the space."""
    return {name: distribution_to_json(parameter.values) for name, parameter in space.items()}


def _defaults(network: str) -> dict[str, Any]:
    """A network's options at their defaults, sequences as lists, as JSON gives them back."""
    options = {name: option.default for name, option in inspect.signature(NETWORKS[network]).parameters.items()}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}


def _short(value: float) -> float:
    """Three significant digits: a recipe that a person can read and type."""
    return float(f"{value:.3g}")
