"""imageauth export photo --format saved-model --out photo && python examples/runtimes/tensorflow_check.py photo

Needs TensorFlow, Pillow and NumPy, and nothing of imageauth.
"""

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from checking import check

folder = Path(sys.argv[1])
loaded = tf.saved_model.load(str(folder))
network = loaded.signatures["serving_default"]


def ask(views):
    return np.concatenate([network(pixels=tf.constant(view[None]))["answers"].numpy() for view in views])


if not check(folder / "golden.npz", folder / "card.json", ask):
    sys.exit(1)
