"""The networks as the Open Inference Protocol describes models: their tensors, and what they answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from imageauth.pixels.answers import Answers
from imageauth.pixels.card import Card
from imageauth.server.inference_tensors import DATATYPES, Array, InferenceError, TensorSpec

PLATFORM = "litert_tflite"
# Pixels of all views in one request: sixteen of 224×224, a little more than a second on two cores; 256 thumbnails.
_MOST_PIXELS = 16 * 224 * 224
_MOST_BATCH = 256


@dataclass(frozen=True, slots=True)
class Output:
    """An answer of a network.

    Attributes:
        spec: as clients see it.
        first: its first column in the network's output; further ones follow.
    """

    spec: TensorSpec
    first: int

    def of(self, said: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
        """This answer, float32 [N, …], in all that the network says, float64 [N, C] that were float32 before."""
        columns = said[:, self.first : self.first + int(np.prod(self.spec.shape))]
        return columns.reshape(len(said), *self.spec.shape).astype(DATATYPES["FP32"])


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model's face to clients.

    Attributes:
        card: of it.
        takes: its one input.
        outputs: its answers.
        most: pictures in one request, at most.
    """

    card: Card
    takes: TensorSpec
    outputs: tuple[Output, ...]
    most: int

    @staticmethod
    def of(card: Card) -> "ServedModel":
        """By what its card says."""
        side = card.layout.side
        takes = TensorSpec(
            "pixels",
            ("FP32", "UINT8"),
            (side, side, 3),
            f"Views of {side}×{side} pixels, sRGB, channels last (red, green, blue), values 0..255, not 0..1, "
            "as FP32 or UINT8. How views are cut from a picture is docs/looking.md; POST /v1/checks does it for you.",
        )
        most = min(_MOST_BATCH, max(1, _MOST_PIXELS // side**2))
        return ServedModel(card, takes, tuple(outputs_of(card.answers)), most)

    @property
    def most_bytes(self) -> int:
        """Of the tensor in one request, as FP32."""
        return self.most * int(np.prod(self.takes.shape)) * DATATYPES["FP32"].itemsize

    def to_json(self) -> dict[str, Any]:
        """The protocol's ``metadata_model_response``; ``properties`` say in words what the tensors hold."""
        gives = [output.spec for output in self.outputs]
        return {
            "name": self.card.name,
            "versions": [self.card.version],
            "platform": PLATFORM,
            "inputs": [self.takes.to_json()],
            "outputs": [spec.to_json() for spec in gives],
            "properties": {
                "sha256": self.card.sha256,
                "max_batch_size": str(self.most),
                "domain": self.card.domain.text,
                **{f"{spec.name}.holds": spec.text for spec in (self.takes, *gives)},
            },
        }

    def answer(self, said: npt.NDArray[np.float64], binary: Mapping[str, bool]) -> list[tuple[str, Array, bool]]:
        """The outputs that are wanted.

        Args:
            said: all that the network says, float64 [N, C].
            binary: of each wanted output, whether it goes as bytes.
        """
        known = {output.spec.name: output for output in self.outputs}
        return [(name, known[name].of(said), as_bytes) for name, as_bytes in binary.items()]


def outputs_of(answers: Answers) -> list[Output]:
    """A network's answers, each a tensor, by what the card says of its columns."""

    def output(name: str, first: int, shape: tuple[int, ...], text: str) -> Output:
        return Output(TensorSpec(name, ("FP32",), shape, text), first)

    found = [
        output("logit", answers.logit, (1,), 'Logit of "made by AI" of each view: raw, neither weighed nor calibrated.')
    ]
    found += [
        output(f"logit_{view}", column, (1,), f"The same for views that are {view} (see docs/looking.md).")
        for view, column in answers.own
    ]
    if answers.unfamiliarity is not None:
        text = "Higher for what is less like the pictures that the model was measured on."
        found.append(output("unfamiliarity", answers.unfamiliarity, (1,), text))
    if answers.kinds:
        first, names = answers.kinds
        text = f"Logits (softmax) of what kind of picture a view shows: {', '.join(names)}."
        found.append(output("kinds", first, (len(names),), text))
    if answers.map:
        first, side = answers.map
        text = f'Logits of "made by AI" of the {side}×{side} patches of each view, row by row.'
        found.append(output("map", first, (side, side), text))
    return found


def find(models: Sequence[ServedModel], name: str, version: str | None) -> ServedModel:
    """A model by name and, if one is given, version.

    Raises:
        InferenceError: there is none, with status 404.
    """
    for model in models:
        if model.card.name == name:
            if version in (None, model.card.version):
                return model
            raise InferenceError(f"the model {name!r} has version {model.card.version} only", 404)
    known = ", ".join(model.card.name for model in models) or "none"
    raise InferenceError(f"there is no such model; models are: {known}", 404)
