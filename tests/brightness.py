"""A model whose answers are known beforehand, and pictures for it."""

import numpy as np
import PIL.Image

from imageauth.pixels.answers import Answers
from imageauth.pixels.calibration import Calibration
from imageauth.pixels.card import Card, Domain, Thresholds
from imageauth.pixels.layout import Entry, Layout
from imageauth.pixels.model import Scores


class Brightness:
    """Calls a picture AI-made by its mean brightness: 128 is a logit of 0, each 16 levels one more."""

    def __init__(self, side=32, views=1):
        self.card = Card(
            name="brightness", version="1", file="model.tflite", sha256="ab" * 32,
            layout=Layout(side, (Entry("squares", views, 1.0),)), answers=Answers(),
            domain=Domain((32, 64), 3.0, 0.0, "drawn pictures"),
            calibration=Calibration("temperature", {"scale": 1.0, "offset": 0.0}),
            thresholds=Thresholds(decision=0.5, ai=0.9, real=0.1), figures={}, limits=(),
        )  # fmt: skip

    def heatmap(self, pixels, lossless=False):
        return np.full((8, 8), 1.0)

    def views(self, pixels, lossless=False):
        return self.card.layout.look(pixels, lossless=lossless)

    def score(self, view):
        return (view.mean() - 128) / 16

    def score_views(self, views):
        side = self.card.layout.side
        assert all(picture.pixels.shape[1:] == (side, side, 3) for picture in views)
        scores = [[np.mean([self.score(view) for view in picture.pixels])] for picture in views]
        return Scores(np.array(scores), np.mean(scores, axis=1), np.zeros(len(views)))


def draw(file, brightness, size=(32, 32), seed=0):
    file.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).normal(0, 10, (*size, 3))
    PIL.Image.fromarray(np.clip(brightness + noise, 0, 255).astype(np.uint8)).save(file)
