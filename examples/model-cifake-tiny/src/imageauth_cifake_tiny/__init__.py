"""A very small model for imageauth, trained on CIFAKE."""

from pathlib import Path

FOLDER = Path(__file__).parent / "model"
"""The model folder: ``model.tflite``, ``card.json`` and its model card, ``README.md``."""
