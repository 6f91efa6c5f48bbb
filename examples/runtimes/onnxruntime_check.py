"""imageauth export photo --format onnx --out photo && python examples/runtimes/onnxruntime_check.py photo

Needs onnxruntime, Pillow and NumPy, and nothing of imageauth.
"""

import sys
from pathlib import Path

import numpy as np
import onnxruntime
from checking import check

folder = Path(sys.argv[1])
network = onnxruntime.InferenceSession(str(folder / "model.onnx"))


def ask(views):
    return np.concatenate([network.run(["answers"], {"pixels": view[None]})[0] for view in views])


if not check(folder / "golden.npz", folder / "card.json", ask):
    sys.exit(1)
