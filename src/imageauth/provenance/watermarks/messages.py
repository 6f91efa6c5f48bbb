"""The fixed messages that public generator code embeds with the ``dwtDct`` method of invisible-watermark.

Read in the public source of each program; which colour channel and zero point a program really writes to follows from
the type and channel order of the array that it hands to the encoder, see :class:`Plane`.
"""

from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import numpy as np
import numpy.typing as npt


class Plane(Enum):
    """Where the encoder writes: the blue-difference channel U of OpenCV's YUV, or what a caller makes of it.

    The encoder wants BGR pictures of 8-bit integers, in which U is centred on 128. Given floating-point numbers it
    centres U on 0.5; given RGB it takes red for blue, and so writes to a scaled V. Value: whether red and blue are
    exchanged, and the centre.
    """

    BYTES = (False, 128.0)
    FLOATS = (False, 0.5)
    FLOATS_EXCHANGED = (True, 0.5)


@dataclass(frozen=True)
class Message:
    """One embedded message.

    Attributes:
        code: of the finding.
        text: the message as its program writes it.
        binary: its bits, as zeros and ones.
        planes: where it is looked for.
        embedded_by: the programs, to follow "that … embeds".
        threshold: least agreement (see ``invisible.py``) that counts, set on real pictures; longer messages need less.
    """

    code: str
    text: str
    binary: str
    planes: tuple[Plane, ...]
    embedded_by: str
    threshold: float

    @cached_property
    def signs(self) -> npt.NDArray[np.float64]:
        """[bits], ±1 for one and zero."""
        return np.array([1.0 if bit == "1" else -1.0 for bit in self.binary])

    @property
    def period(self) -> int:
        """Bits after which every such message looks alike: all ASCII text has a zero at the head of each byte."""
        return 1 if self.text.startswith("0x") else 8


def _bits(text: str) -> str:
    """ASCII, the most significant bit first."""
    return "".join(f"{byte:08b}" for byte in text.encode("ascii"))


MESSAGES = (
    # Stability-AI/generative-models (floats, BGR) and diffusers' watermark.py (floats, RGB).
    Message(
        code="watermark-stable-diffusion",
        text="0xB3EC907BB19E",
        binary=f"{0xB3EC907BB19E:b}",
        planes=(Plane.FLOATS, Plane.FLOATS_EXCHANGED),
        embedded_by="the Stable Diffusion XL code of Stability AI and of Hugging Face diffusers embeds",
        threshold=0.60,
    ),
    # CompVis/stable-diffusion, scripts/txt2img.py.
    Message(
        code="watermark-stable-diffusion",
        text="StableDiffusionV1",
        binary=_bits("StableDiffusionV1"),
        planes=(Plane.BYTES,),
        embedded_by="the reference code of Stable Diffusion 1 embeds",
        threshold=0.50,
    ),
    # Stability-AI/stablediffusion, scripts/txt2img.py.
    Message(
        code="watermark-stable-diffusion",
        text="SDV2",
        binary=_bits("SDV2"),
        planes=(Plane.BYTES,),
        embedded_by="the reference code of Stable Diffusion 2 embeds",
        threshold=0.66,
    ),
    # black-forest-labs/flux, src/flux/util.py: a number of 48 bits whose two leading zeros are lost on the way.
    Message(
        code="watermark-flux",
        text="0x2AFE879CF52E",
        binary=f"{0x2AFE879CF52E:b}",
        planes=(Plane.FLOATS,),
        embedded_by="the reference code of FLUX.1 embeds",
        threshold=0.60,
    ),
    # invoke-ai/InvokeAI, invokeai/backend/image_util/invisible_watermark.py.
    Message(
        code="watermark-invokeai",
        text="InvokeAI",
        binary=_bits("InvokeAI"),
        planes=(Plane.BYTES,),
        embedded_by="InvokeAI embeds",
        threshold=0.50,
    ),
)
