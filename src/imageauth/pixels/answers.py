"""What the columns of a network's output mean. The card holds it as data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Answers:
    """Columns of the network's output, float32 [N, C].

    Attributes:
        logit: of "made by AI".
        own: (name, column) of views (:data:`imageauth.pixels.views.VIEWS`) that have a logit of their own: what gives
            a whole picture away differs from what gives a crop of it away.
        unfamiliarity: higher for what is less like the pictures that the model was measured on; None: it does not say.
        kinds: first column and names of the logits (softmax) of what kind of picture a view shows; None: not told.
        map: first column and side S of the logits of a view's S×S patches, row by row: where in it the evidence sits;
            None: not told.
    """

    logit: int = 0
    unfamiliarity: int | None = None
    kinds: tuple[int, tuple[str, ...]] | None = None
    map: tuple[int, int] | None = None
    own: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        used = [column for columns in self._columns().values() for column in columns]
        if min(used) < 0 or len(set(used)) < len(used):
            raise ValueError("two answers share a column, or one has no column")
        if self.kinds and (len(self.kinds[1]) < 2 or len(set(self.kinds[1])) < len(self.kinds[1])):
            raise ValueError("kinds are two or more different names")
        if len(dict(self.own)) < len(self.own):
            raise ValueError("a view has two logits of its own")

    @property
    def columns(self) -> int:
        """That the network must have."""
        return 1 + max(column for columns in self._columns().values() for column in columns)

    def _columns(self) -> dict[str, Sequence[int]]:
        found: dict[str, Sequence[int]] = {"logit": (self.logit,)}
        if self.unfamiliarity is not None:
            found["unfamiliarity"] = (self.unfamiliarity,)
        if self.own:
            found["own"] = [column for _, column in self.own]
        if self.kinds:
            found["kinds"] = range(self.kinds[0], self.kinds[0] + len(self.kinds[1]))
        if self.map:
            if not 1 <= self.map[1] <= 64:
                raise ValueError("the side of the map is 1 to 64")
            found["map"] = range(self.map[0], self.map[0] + self.map[1] ** 2)
        return found

    def logits_of(self, said: Floats, views: Sequence[str]) -> Floats:
        """The logits of views, float64 [V].

        Args:
            said: the network's answers about them, float64 [V, C].
            views: their names.
        """
        own = dict(self.own)
        columns = [own.get(name, self.logit) for name in views]
        return np.asarray(said[np.arange(len(said)), columns], np.float64)

    def kinds_of(self, said: Floats) -> dict[str, float]:
        """How likely a picture is of each kind: the mean over views of their softmax.

        Args:
            said: the network's answers about views, float64 [V, C].

        Returns:
            Name → 0..1; empty where the network does not say.
        """
        if not self.kinds:
            return {}
        first, names = self.kinds
        logits = said[:, first : first + len(names)]
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        shares = (powers / powers.sum(axis=1, keepdims=True)).mean(axis=0)
        return dict(zip(names, shares.tolist(), strict=True))

    def maps_of(self, said: Floats) -> Floats | None:
        """The maps of views, float64 [V, S, S], of the network's answers [V, C]; None where it gives none."""
        if not self.map:
            return None
        first, side = self.map
        return said[:, first : first + side**2].reshape(-1, side, side)

    def to_json(self) -> dict[str, Any]:
        """Plain data for the card; :meth:`from_json` reads it back."""
        data: dict[str, Any] = {"logit": self.logit}
        if self.unfamiliarity is not None:
            data["unfamiliarity"] = self.unfamiliarity
        if self.own:
            data["own"] = dict(self.own)
        if self.kinds:
            data["kinds"] = {"first": self.kinds[0], "names": list(self.kinds[1])}
        if self.map:
            data["map"] = {"first": self.map[0], "side": self.map[1]}
        return data

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Answers":
        """Read a card's ``answers``.

        Raises:
            KeyError, TypeError, ValueError: something is missing or makes no sense.
        """
        kinds, places = data.get("kinds"), data.get("map")
        return Answers(
            logit=int(data["logit"]),
            unfamiliarity=None if data.get("unfamiliarity") is None else int(data["unfamiliarity"]),
            kinds=None if kinds is None else (int(kinds["first"]), tuple(str(name) for name in kinds["names"])),
            map=None if places is None else (int(places["first"]), int(places["side"])),
            own=tuple((str(name), int(column)) for name, column in data.get("own", {}).items()),
        )

    @staticmethod
    def usual(columns: int) -> "Answers":
        """Those of a network whose card does not say: the logit, and in a second column what is unfamiliar."""
        return Answers(unfamiliarity=1 if columns > 1 else None)
