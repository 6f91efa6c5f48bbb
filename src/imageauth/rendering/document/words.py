"""The words of a document: its own, and those that it shares with the page, so that both speak alike.

All are in ``strings/en.json`` here and in the page's ``strings/en.json``, below ``server/static``. A further language
is a further file of each.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files

PAGE = ("imageauth.server", "static/strings")
OWN = ("imageauth.rendering.document", "strings")


class Words:
    """The words of one language."""

    def __init__(self, language: str = "en") -> None:
        self._own, self._page = _read(*OWN, language), _read(*PAGE, language)

    def t(self, key: str, **values: object) -> str:
        """Words of the document. With ``count`` the form for one or for many is chosen.

        Raises:
            KeyError: there are none.
        """
        return _filled(self._own, key, values)

    def page(self, key: str, **values: object) -> str:
        """Words that the page has too.

        Raises:
            KeyError: there are none.
        """
        return _filled(self._page, key, values)

    def has(self, key: str) -> bool:
        """Whether the document has such words of its own."""
        return key in self._own

    def page_has(self, key: str) -> bool:
        """Whether the page has such words."""
        return key in self._page

    def of_hundred(self, probability: float) -> str:
        """What of 100 pictures with this score are AI-made: "about 97", and never a flat "0" or "100"."""
        percent = probability * 100
        if percent < 1:
            return self.page("chance.fewer", n=1)
        return self.page("chance.more", n=99) if percent > 99 else self.page("chance.about", n=f"{percent:.0f}")


def _filled(strings: Mapping[str, str], key: str, values: Mapping[str, object]) -> str:
    """Filled in one go, so that what is put in is never taken for a place to fill."""
    if "count" in values and key not in strings:
        key += ".one" if values["count"] == 1 else ".other"
    shown = {name: f"{value:,}" if isinstance(value, int) else str(value) for name, value in values.items()}
    return strings[key].format(**shown)


@lru_cache(maxsize=8)
def _read(package: str, folder: str, language: str) -> Mapping[str, str]:
    text = files(package).joinpath(folder, f"{language}.json").read_text(encoding="utf-8")
    found: dict[str, str] = json.loads(text)
    return found
