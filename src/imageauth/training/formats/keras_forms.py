"""The forms that TensorFlow writes, from the Keras form of a model."""

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from imageauth.training.formats.golden import Ask, one_by_one
from imageauth.training.formats.onnx_graph import INPUT, OUTPUT
from imageauth.training.rebuild import rebuild


def write_saved_model(model: Path, path: Path) -> None:
    """A SavedModel folder whose ``serving_default`` is ``pixels`` float32 [N, side, side, 3] in 0..255 → ``answers``
    float32 [N, C], with N free.

    Raises:
        OSError: it cannot be written.
    """
    network = rebuild(model)
    # Plain TensorFlow: Keras' own archive would hold each variable twice.
    module = tf.Module()
    module.held = [variable.value for variable in network.variables]
    signature = tf.TensorSpec((None, *network.input_shape[1:]), tf.float32, name=INPUT)
    module.serve = tf.function(lambda pixels: {OUTPUT: network(pixels, training=False)}, input_signature=[signature])
    with _writing():
        tf.saved_model.save(module, str(path), signatures={"serving_default": module.serve})


def ask_saved_model(path: Path) -> Ask:
    """The network of such a folder."""
    loaded = tf.saved_model.load(str(path))

    def ask(view: npt.NDArray[np.float32]) -> npt.ArrayLike:
        # By way of the whole, whose variables the signature only points to.
        said: npt.NDArray[np.float32] = loaded.signatures["serving_default"](**{INPUT: tf.constant(view)})[
            OUTPUT
        ].numpy()
        return said

    return one_by_one(ask)


def write_keras(model: Path, path: Path) -> None:
    """A ``.keras`` file.

    Raises:
        OSError: it cannot be written.
    """
    network = rebuild(model)
    with _writing():
        network.save(path)


def ask_keras(path: Path) -> Ask:
    """The network of such a file."""
    network = keras.models.load_model(path, compile=False)
    return one_by_one(lambda view: keras.ops.convert_to_numpy(network(view, training=False)))


@contextlib.contextmanager
def _writing() -> Iterator[None]:
    """Silent, and with TensorFlow's own errors about files as OSError."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    except tf.errors.OpError as error:
        # "{{function_node …}} path; No space left on device [Op:SaveV2]"
        reason = str(error.message).rsplit("; ", 1)[-1].split(" [Op:")[0]
        raise OSError(" ".join(reason.split())[:200]) from error
