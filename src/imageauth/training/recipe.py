"""A recipe: every setting of a training run, as plain data that is written into ``run.json``."""

import dataclasses
import platform
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from imageauth.errors import DataError

Precision = Literal["float32", "mixed_bfloat16"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of one training run.

    Attributes:
        network: a name in :data:`imageauth.training.networks.NETWORKS`.
        network_options: keyword arguments of that network's function.
        start: name of the recipe in :data:`RECIPES` that is trained first and whose weights this one grows from
            (:mod:`imageauth.training.growth`); empty: start from random weights.
        teacher: name of the recipe in :data:`RECIPES` that is trained first and whose answers this one learns, on the
            very pictures that this one sees; empty: it learns the labels. Only with ``resident``.
        start_epochs: of that first training; 0: as that recipe says.
        epochs: passes over the training split.
        batch_size: pictures a step.
        optimizer: ``sgd`` (Nesterov momentum 0.9) or ``adamw``.
        learning_rate: the peak, reached after the warm-up.
        warmup: share of all steps during which the rate rises linearly from 0; it then falls along a cosine to 0.
            A negative value keeps the rate constant.
        weight_decay: decoupled, scaled by the rate; biases and normalisation parameters are left out.
        label_smoothing: targets become ``y * (1 - s) + s / 2``.
        average_decay: exponential moving average of the weights, per step; 0 turns it off.
        flip: mirror left–right at random.
        shift: most pixels that a picture is moved each way.
        cutmix: share of pictures that get a patch of another one, and their share of its label.
        mixing: share of the schedule with CutMix; the rest is without. Below 1 only with ``resident``.
        degraded: share of each batch that is degraded; see :mod:`imageauth.training.degradations`.
        blur: largest σ of the blur among these degradations, pixels.
        scale: smallest share of each side that they reduce a picture to.
        long_chains: whether their chains also crop, and compress twice.
        patience: stop when validation accuracy has not risen for so many epochs; 0 never stops early.
        precision: of the arithmetic in training; weights are float32 in any case.
        seed: of the weights, the order and the augmentation.
        temperature: that the answers of teacher and student are divided by when one learns the other's.
        hard: share of the loss that asks for the labels; the rest asks for the teacher's answers.
        resident: trained with the whole set on an accelerator, by JAX (:mod:`imageauth.training.resident`), which keeps
            the last epoch's weights instead of the best one's, and degrades more, each picture by itself;
            ``long_chains`` says nothing there.
    """

    network: str = "pocket"
    network_options: dict[str, Any] = field(default_factory=dict)
    start: str = ""
    teacher: str = ""
    start_epochs: int = 0
    epochs: int = 40
    batch_size: int = 128
    optimizer: Literal["sgd", "adamw"] = "sgd"
    learning_rate: float = 0.1
    warmup: float = 0.1
    weight_decay: float = 5e-4
    label_smoothing: float = 0.0
    average_decay: float = 0.999
    flip: bool = True
    shift: int = 0
    cutmix: float = 0.0
    mixing: float = 1.0
    degraded: float = 0.0
    blur: float = 1.5
    scale: float = 0.4
    long_chains: bool = False
    patience: int = 0
    precision: Precision = "float32"
    seed: int = 1
    temperature: float = 2.0
    hard: float = 0.2
    resident: bool = False

    def steps_per_epoch(self, count: int) -> int:
        """Whole batches in ``count`` pictures.

        Raises:
            DataError: there is not even one.
        """
        if count < self.batch_size:
            raise DataError(f"{count} training pictures are fewer than one batch of {self.batch_size}")
        return count // self.batch_size

    def first(self) -> "Recipe | None":
        """The recipe that is trained before this one; None if there is none.

        It takes over what belongs to the machine and the run rather than to the network: precision, seed, batch size.
        """
        if not (self.start or self.teacher):
            return None
        base = RECIPES[self.start or self.teacher]
        return replace(
            base,
            precision=self.precision,
            seed=self.seed,
            batch_size=self.batch_size,
            epochs=self.start_epochs or base.epochs,
        )

    def problem(self) -> str | None:
        """What makes this recipe impossible, in a few words; None if nothing does."""
        for name, value in (("start", self.start), ("teacher", self.teacher)):
            if value and value not in RECIPES:
                return f"{name} must be a recipe ({', '.join(RECIPES)}), not {value!r}"
            if value and RECIPES[value].first():
                return f"{name} cannot be {value!r}, which itself begins with another"
        if self.resident and (self.start or self.optimizer != "sgd" or self.warmup < 0 or self.patience):
            return "a resident recipe has no start and no patience, and trains by sgd with a warmup"
        if self.resident and self.label_smoothing:
            return "a resident recipe does not smooth labels"
        if not self.resident and (self.teacher or self.mixing != 1):
            return "teacher and mixing need a resident recipe"
        if self.teacher and not RECIPES[self.teacher].resident:
            return f"teacher must be a resident recipe, not {self.teacher!r}"
        if not (0 <= self.hard <= 1 and 0 <= self.mixing <= 1 and self.temperature > 0):
            return "hard and mixing must be in 0..1, and temperature above 0"
        if not (0 <= self.degraded <= 1 and 0 <= self.cutmix <= 1):
            return "degraded and cutmix must be in 0..1"
        if not 0.05 <= self.scale < 0.9:
            return "scale must be at least 0.05 and below 0.9"
        if not 0.3 < self.blur <= 8:
            return "blur must be above 0.3 and at most 8"
        if self.epochs < 1 or self.batch_size < 1 or self.start_epochs < 0:
            return "epochs and batch_size must be at least 1"
        return None

    def to_json(self) -> dict[str, Any]:
        """Plain data for ``run.json``."""
        return dataclasses.asdict(self)


_RESIDENT: dict[str, Any] = {
    "resident": True,
    "batch_size": 512,
    "learning_rate": 0.3,
    "average_decay": 0.998,
    "precision": "mixed_bfloat16",
    "shift": 2,
    "mixing": 0.85,
    "degraded": 0.5,
    "blur": 2.3,
    "scale": 0.22,
}

RECIPES = {
    "pocket": Recipe(network_options={"attention": True}, epochs=32, shift=2, degraded=0.4),
    "pocket-grown": Recipe(
        network_options={"attention": True, "widths": [32, 96, 192], "depths": [1, 2, 2]},
        start="pocket",
        epochs=20,
        learning_rate=0.06,
        warmup=0.05,
        shift=2,
        degraded=0.4,
        blur=2.2,
        scale=0.22,
    ),
    # For an accelerator: a large network that ships in nothing, and what it teaches, which ships.
    "pocket-teacher": Recipe(
        network_options={"attention": True, "widths": [64, 160, 320], "depths": [2, 3, 3]},
        **_RESIDENT,
        epochs=48,
        warmup=0.04,
        weight_decay=5e-3,
        cutmix=0.3,
    ),
    "pocket-taught": Recipe(
        network_options={"attention": True, "widths": [32, 96, 192], "depths": [1, 3, 3]},
        **_RESIDENT,
        teacher="pocket-teacher",
        epochs=57,
        warmup=0.034,
        weight_decay=2.5e-3,
        cutmix=0.4,
        seed=2,
    ),
    # Keras' own defaults (Adam at 1e-3, batches of 32), no augmentation, until validation stops improving.
    "paper": Recipe(
        network="paper",
        batch_size=32,
        optimizer="adamw",
        learning_rate=1e-3,
        warmup=-1.0,
        weight_decay=0.0,
        average_decay=0.0,
        flip=False,
        patience=5,
    ),
}


def fastest_precision() -> Precision:
    """``mixed_bfloat16`` where the processor multiplies bfloat16 matrices in hardware (AMX), else ``float32``.

    Without that hardware bfloat16 is emulated and slower than float32.
    """
    info = Path("/proc/cpuinfo")
    if platform.machine() == "x86_64" and info.is_file() and " amx_bf16" in info.read_text():
        return "mixed_bfloat16"
    return "float32"
