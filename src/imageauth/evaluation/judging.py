"""Anything that can be compared, asked about labelled pictures: a model, or a file of predictions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from imageauth.evaluation.dataset import DataSet
from imageauth.evaluation.held_out import fixed_cuts
from imageauth.evaluation.paired import Judged
from imageauth.evaluation.predictions import Predictions, is_predictions, read_predictions
from imageauth.evaluation.scoring import Model, Progress, Scored, score_items
from imageauth.pixels.calibration import Calibration
from imageauth.pixels.card import Thresholds
from imageauth.pixels.model import PixelModel
from imageauth.pixels.stability import settled
from imageauth.report import Failure


@dataclass(frozen=True, slots=True)
class Contender:
    """One side of a comparison.

    Attributes:
        name: for people.
        version: of its card; empty for predictions.
        sha256: of its weights, or of the file of predictions.
        source: what answers.
    """

    name: str
    version: str
    sha256: str
    source: Model | Predictions

    @property
    def title(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}".strip()


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a contender said.

    Attributes:
        judged: of the pictures that it answered.
        places: of those among all pictures.
        failures: files that could not be read.
    """

    judged: Judged
    places: Sequence[int]
    failures: tuple[Failure, ...]


def contender(name: str) -> Contender:
    """A shipped model, a model folder, or a file of predictions.

    Args:
        name: of the model, or a path.

    Raises:
        ModelError: there is no such model, or it is damaged.
        DataError: the file of predictions makes no sense.
    """
    if is_predictions(name):
        predictions = read_predictions(Path(name))
        return Contender(predictions.name, "", predictions.sha256, predictions)
    model = PixelModel.load(name)
    return Contender(model.card.name, model.card.version, model.card.sha256, model)


def answers(asked: Contender, data: DataSet, progress: Progress | None = None) -> Answers:
    """Ask about all pictures.

    Args:
        asked: who.
        data: the pictures.
        progress: called with (done, total).

    Raises:
        DataError: a file of predictions says nothing of any.
    """
    if isinstance(asked.source, Predictions):
        judged, places = asked.source.judge(data.items, data.folder)
        return Answers(judged, places, ())
    scored = score_items(asked.source, data.items, progress=progress)
    at = {item.path: index for index, item in enumerate(data.items)}
    card = asked.source.card
    judged = judged_by(scored, card.calibration, card.thresholds)
    return Answers(judged, [at[item.path] for item in scored.items], scored.failures)


def judged_by(scored: Scored, calibration: Calibration, thresholds: Thresholds) -> Judged:
    """What a network's scores mean under a calibration and thresholds, which need not be its card's.

    An answer that turns under harmless changes counts as none, and so does one outside the card's domain.
    """
    scores = scored.scores[0]
    steady = settled(scored.variants, calibration, thresholds.decision)
    return Judged(scores, calibration(scores), fixed_cuts(len(scores), thresholds), steady & scored.inside)
