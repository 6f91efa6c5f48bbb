"""The forms in which a model can be had: how each is written, and how it is asked afterwards."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from imageauth import __version__
from imageauth.errors import MissingExtraError, ModelError
from imageauth.escaping import one_line
from imageauth.files import write_atomically
from imageauth.pixels.card import Card
from imageauth.pixels.network import Network
from imageauth.training.formats.golden import Ask, one_by_one
from imageauth.training.formats.onnx_graph import INPUT, IR_VERSION, OPSET, to_onnx


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A model to be exported.

    Attributes:
        folder: its own.
        card: of it.
        weights: the content of its LiteRT file.
    """

    folder: Path
    card: Card
    weights: bytes


@dataclass(frozen=True, slots=True)
class Form:
    """One form.

    Attributes:
        name: as ``--format`` takes it.
        title: in words.
        file: the network's name in a folder; "" where the network is a folder itself.
        use: what to write to load it and ask it, Python; ``PATH`` stands for where it lies.
        extra: that brings what writing needs.
        packages: that it needs.
        write: a file or folder at a path.
        ask: reads one back.
    """

    name: str
    title: str
    file: str
    use: str
    extra: str
    packages: tuple[str, ...]
    write: Callable[[Source, Path], None]
    ask: Callable[[Path], Ask]

    @property
    def suffix(self) -> str:
        """Of its files; "" where it is a folder."""
        return Path(self.file).suffix

    def file_of(self, card: Card) -> str:
        """The network's name in a folder: the model's own file keeps the name that its card knows."""
        return Path(card.file).name if self.name == "litert" else self.file

    def require(self) -> None:
        """Make sure that writing can begin.

        Raises:
            MissingExtraError: a package is not installed.
        """
        from importlib.util import find_spec

        if any(find_spec(package) is None for package in self.packages):
            raise MissingExtraError(f"exporting to {self.name}", self.extra)


def _litert(source: Source, path: Path) -> None:
    write_atomically(path, source.weights)


def _ask_litert(path: Path) -> Ask:
    return one_by_one(Network(path.read_bytes(), name=str(path)))


def _onnx(source: Source, path: Path) -> None:
    import onnx

    card = source.card
    made = to_onnx(
        source.weights,
        {
            "model": card.name,
            "version": card.version,
            "from_sha256": card.sha256,
            "written_by": f"imageauth {__version__}",
        },
    )
    try:
        onnx.checker.check_model(made, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise ModelError(f"the ONNX file is not valid: {one_line(error, 200)}") from error
    write_atomically(path, made.SerializeToString())


def _ask_onnx(path: Path) -> Ask:
    """By ONNX' own reference implementation, which is slow and plain NumPy."""
    import onnx
    from onnx.reference import ReferenceEvaluator

    network = ReferenceEvaluator(onnx.load(str(path)))
    return one_by_one(lambda view: network.run(None, {INPUT: view})[0])


def _saved_model(source: Source, path: Path) -> None:
    from imageauth.training.formats.keras_forms import write_saved_model

    write_saved_model(source.folder, path)


def _ask_saved_model(path: Path) -> Ask:
    from imageauth.training.formats.keras_forms import ask_saved_model

    return ask_saved_model(path)


def _keras(source: Source, path: Path) -> None:
    from imageauth.training.formats.keras_forms import write_keras

    write_keras(source.folder, path)


def _ask_keras(path: Path) -> Ask:
    from imageauth.training.formats.keras_forms import ask_keras

    return ask_keras(path)


_LITERT_USE = """from ai_edge_litert.interpreter import Interpreter

network = Interpreter(model_path="PATH")
(pixels,), (answers,) = network.get_input_details(), network.get_output_details()
network.resize_tensor_input(pixels["index"], views.shape)
network.allocate_tensors()
network.set_tensor(pixels["index"], views.astype("float32"))
network.invoke()
said = network.get_tensor(answers["index"])"""
_ONNX_USE = """import onnxruntime

network = onnxruntime.InferenceSession("PATH")
(said,) = network.run(["answers"], {"pixels": views.astype("float32")})"""
_SAVED_MODEL_USE = """import tensorflow as tf

network = tf.saved_model.load("PATH")
said = network.signatures["serving_default"](pixels=tf.constant(views.astype("float32")))["answers"].numpy()"""
_KERAS_USE = """import imageauth.training.vit  # a layer that Keras does not know
import keras

network = keras.models.load_model("PATH")
said = network.predict(views.astype("float32"))"""

_TENSORFLOW = ("tensorflow", "keras")

FORMS: Mapping[str, Form] = MappingProxyType(
    {
        form.name: form
        for form in (
            Form(
                name="litert",
                title="LiteRT, the model's own file",
                file="model.tflite",
                use=_LITERT_USE,
                extra="",
                packages=(),
                write=_litert,
                ask=_ask_litert,
            ),
            Form(
                name="saved-model",
                title="TensorFlow SavedModel, float32",
                file="",
                use=_SAVED_MODEL_USE,
                extra="train",
                packages=_TENSORFLOW,
                write=_saved_model,
                ask=_ask_saved_model,
            ),
            Form(
                name="onnx",
                title=f"ONNX, opset {OPSET} (IR version {IR_VERSION}), float32",
                file="model.onnx",
                use=_ONNX_USE,
                extra="export",
                packages=("onnx",),
                write=_onnx,
                ask=_ask_onnx,
            ),
            Form(
                name="keras",
                title="Keras 3, float32, to train on",
                file="model.keras",
                use=_KERAS_USE,
                extra="train",
                packages=_TENSORFLOW,
                write=_keras,
                ask=_ask_keras,
            ),
        )
    }
)
"""Name → form."""
