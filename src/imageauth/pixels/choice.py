"""Which model looks at which picture."""

from collections.abc import Callable, Sequence
from pathlib import Path

from imageauth.models import AUTO, shipped_models
from imageauth.pixels.card import Card, Thresholds
from imageauth.pixels.model import PixelModel


class Models:
    """The models of a detector: one for every picture, or, by ``auto``, the shipped one made for its size.

    Of ``auto`` the cards are read at once and the weights of a model when a picture first needs it. Thread-safe.
    """

    def __init__(
        self,
        name: str | Path | None,
        *,
        threads: int | None = None,
        thresholds: Callable[[Card], Thresholds] = lambda card: card.thresholds,
    ) -> None:
        """Choose the models.

        Args:
            name: of a shipped model, a model folder, ``auto``, or None for no model.
            threads: of each network; default: all usable cores.
            thresholds: of a model, by its card.

        Raises:
            ModelError: one is unknown, incomplete or damaged; for ``auto`` the weights are not looked at yet.
        """
        if name is None:
            models: Sequence[PixelModel] = ()
        elif name == AUTO:
            models = [PixelModel.lazy(each, threads=threads) for each in shipped_models()]
        else:
            models = [PixelModel.load(name, threads=threads)]
        self._models = [model.under(thresholds(model.card)) for model in models]

    def __bool__(self) -> bool:
        return bool(self._models)

    @property
    def all(self) -> Sequence[PixelModel]:
        """In the order in which they are preferred."""
        return self._models

    @property
    def most_bytes(self) -> int:
        """Of one picture's views, by whichever model needs most."""
        return max((model.card.layout.most_bytes for model in self._models), default=0)

    def made_for(self, width: int, height: int) -> PixelModel | None:
        """The model whose range of sizes holds a picture, or comes nearest; None without models.

        Args:
            width, height: of the picture, pixels.
        """
        short = min(width, height)

        def far(model: PixelModel) -> int:
            least, most = model.card.domain.short_side
            return max(least - short, short - most, 0)

        return min(self._models, key=far, default=None)
