"""The package brings a model that imageauth finds by its name."""

import numpy as np
from imageauth_cifake_tiny import FOLDER

from imageauth.models import find_model
from imageauth.pixels.model import PixelModel


def test_it_is_found_and_answers() -> None:
    assert find_model("cifake-tiny").samefile(FOLDER)
    model = PixelModel.load("cifake-tiny")
    grey = np.full((32, 32, 3), 128, np.uint8)
    assert 0 < float(model.probabilities([grey])[0]) < 1
