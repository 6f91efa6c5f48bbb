"""Score → probability. The fitted parameters live in a model's ``card.json``; ``training.calibrate`` fits them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt

Method = Literal["temperature", "platt", "beta", "isotonic"]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A monotone map from logits to calibrated probabilities.

    Attributes:
        method: ``temperature`` (Guo et al. 2017), ``platt`` (Platt 1999: a temperature and an offset), ``beta``
            (Kull et al. 2017) or ``isotonic``.
        parameters: ``temperature``: ``scale`` (one over the temperature); ``platt``: ``scale``, ``offset``; ``beta``:
            ``a``, ``b`` (not negative), ``c``;
            ``isotonic``: ``scores`` (rising) and ``probabilities`` of its knots, interpolated linearly.
        floor: probabilities are kept within [floor, 1 − floor]: beyond what the fitting data can support, since
            *n* images cannot show an error rate below about 1/*n*.
    """

    method: Method
    parameters: Mapping[str, Any]
    floor: float = 0.0

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise ValueError(f"unknown calibration method {self.method!r}")
        self(np.zeros(1))  # a missing parameter shows itself at once

    def __call__(self, scores: npt.ArrayLike) -> Floats:
        """Probabilities, float64 in 0..1, of logits; arrays of any shape, element by element."""
        scores = np.asarray(scores, np.float64)
        p = self.parameters
        if self.method in ("temperature", "platt"):
            probabilities = sigmoid(p["scale"] * scores + p.get("offset", 0.0))
        elif self.method == "beta":
            # ln σ(z) and ln(1 − σ(z)), written so that large |z| neither overflow nor lose digits
            log_p, log_q = -np.logaddexp(0, -scores), -np.logaddexp(0, scores)
            probabilities = sigmoid(p["a"] * log_p - p["b"] * log_q + p["c"])
        else:
            probabilities = np.interp(scores, p["scores"], p["probabilities"])
        return np.clip(probabilities, self.floor, 1 - self.floor)

    def to_json(self) -> dict[str, Any]:
        """Plain data for ``card.json``."""
        return {"method": self.method, "parameters": dict(self.parameters), "floor": self.floor}


def sigmoid(x: npt.ArrayLike) -> Floats:
    """1 / (1 + exp(−x)), without overflow."""
    x = np.asarray(x, np.float64)
    return np.asarray(np.exp(-np.logaddexp(0, -x)), np.float64)
