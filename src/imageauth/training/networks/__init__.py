"""Networks, by name. Each is a function of its options and returns a Keras model:
float32 [N, H, W, 3] in 0..255 → float32 [N, 1], the logit of "made by AI".

They use Keras 3 layers only, so that they train on any Keras backend.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from imageauth.training.networks.paper import paper
from imageauth.training.networks.pocket import pocket

if TYPE_CHECKING:
    import keras

NETWORKS: "dict[str, Callable[..., keras.Model]]" = {"pocket": pocket, "paper": paper}


def build(name: str, options: dict[str, Any]) -> "keras.Model":
    """The network ``name`` with fresh weights.

    Raises:
        KeyError: there is no such network.
    """
    return NETWORKS[name](**options)
