"""The learning-rate schedule."""

import math
from typing import Any

import keras


@keras.saving.register_keras_serializable("imageauth")
class WarmupCosine(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """Linear rise from 0 to ``peak`` over ``warmup`` steps, then half a cosine down to 0 at ``steps``
    (Loshchilov & Hutter 2017, arXiv:1608.03983, without restarts).
    """

    def __init__(self, peak: float, warmup: int, steps: int) -> None:
        super().__init__()
        self.peak, self.warmup, self.steps = peak, warmup, steps

    def __call__(self, step: Any) -> Any:
        step = keras.ops.cast(step, "float32")
        rising = (step + 1) / max(1, self.warmup)
        fallen = (step - self.warmup) / max(1, self.steps - self.warmup)
        cosine = 0.5 * (1 + keras.ops.cos(math.pi * keras.ops.clip(fallen, 0.0, 1.0)))
        return self.peak * keras.ops.minimum(rising, cosine)

    def get_config(self) -> dict[str, Any]:
        return {"peak": self.peak, "warmup": self.warmup, "steps": self.steps}
