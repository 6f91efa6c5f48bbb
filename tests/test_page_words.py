"""The page's words and files, without a browser: complete in every language, and true to what the program says."""

import json
import re
from pathlib import Path

import pytest

import imageauth
from imageauth import detector as detecting
from imageauth.models import find_model
from imageauth.pixels.card import Card
from imageauth.pixels.condition import Measures, conditions_of
from imageauth.pixels.stability import VARIANTS
from imageauth.provenance.credentials.vocabulary import TERMS
from imageauth.report import Verdict
from imageauth.verdict import RULES

ROOT = Path(imageauth.__file__).parent
STATIC = ROOT / "server" / "static"
STRINGS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in (STATIC / "strings").glob("*.json")}
ENGLISH = STRINGS["en"]
SCRIPTS = {
    str(path.relative_to(STATIC)): path.read_text(encoding="utf-8")
    for path in (STATIC / "js").rglob("*.js")
    if "private" not in path.parts
}
# Keys that are put together of a prefix and something from a report.
DYNAMIC = (
    "aigc.", "chance.zone.", "chance.bracket.", "change.", "cannot.", "figure.", "filter.", "finding.", "key.",
    "limit.", "meaning.", "order.", "points.", "problem.", "produced.", "reason.", "source.", "source-of.",
    "about.", "stage.", "standing.", "state.", "verdict.", "view.", "card.", "mode.", "grounds.",
)  # fmt: skip


@pytest.mark.parametrize("language", sorted(set(STRINGS) - {"en"}))
def test_a_language_is_whole(language: str) -> None:
    other = STRINGS[language]
    assert set(other) == set(ENGLISH)
    for key, text in other.items():
        assert text.strip(), key
        placeholders = set(re.findall(r"{(\w+)}", text))
        if not key.startswith("limit."):  # a language may leave out a name that its sentence has no use for
            assert placeholders == set(re.findall(r"{(\w+)}", ENGLISH[key])), key
        assert placeholders <= set(re.findall(r"{(\w+)}", ENGLISH[key])), key


def test_every_key_that_is_asked_for_has_words_and_every_word_is_asked_for() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    asked = set(re.findall(r'data-t="([^"]+)"', page))
    for text in SCRIPTS.values():
        asked |= set(re.findall(r'\bt\((?:[\w.]+ \? )?"([a-z][\w.-]+)"', text))
    known = {key.removesuffix(".one") for key in ENGLISH if f"{key.removesuffix('.other')}.one" not in ENGLISH}
    assert asked - known - set(ENGLISH) == set()
    everything = page + "".join(SCRIPTS.values())
    unused = [key for key in known if f'"{key}"' not in everything and not key.startswith(DYNAMIC)]
    assert unused == []


def test_the_page_shows_the_same_words_before_its_strings_are_there() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    for key, text in re.findall(r'data-t="([^"]+)">([^<]+)<', page):
        assert text == ENGLISH[key], key


def test_every_rule_of_the_policy_and_every_verdict_has_its_words() -> None:
    assert {f"reason.{rule.name}" for rule in RULES} == {key for key in ENGLISH if key.startswith("reason.")}
    for verdict in Verdict:
        assert f"verdict.{verdict}" in ENGLISH
        assert f"meaning.{verdict}" in ENGLISH
    listed = re.search(r"BY_PIXELS = new Set\((\[.*?\])\)", SCRIPTS["js/wording/verdict.js"])
    assert listed
    assert set(json.loads(listed[1])) <= {rule.name for rule in RULES}


def test_every_kind_of_finding_can_be_said() -> None:
    """Codes as they stand in the modules that make evidence."""
    code = (
        r'"((?:pixels|stability|generator|source-type|aigc|credit|camera|mining|software|metadata|credentials)[a-z-]*)"'
    )
    files = [ROOT / "pixels/evidence.py", *(ROOT / "provenance").rglob("evidence.py")]
    found = {match for file in files for match in re.findall(code, file.read_text(encoding="utf-8"))}
    found -= {"pixels", "metadata", "credentials", "camera"}  # sources, not codes
    kinds = (ROOT / "provenance/credentials/meaning.py").read_text(encoding="utf-8")
    kind = re.search(r"Kind = Literal\[(.*?)\]", kinds)
    assert kind
    found |= {f"credentials-{name}" for name in re.findall(r'"([\w-]+)"', kind[1]) if name != "nothing"}
    words = SCRIPTS["js/wording/finding.js"]
    for name in found - {"pixels-unstable"}:
        named = f'"{name}":' in words or f"  {name}:" in words or f'"{name.removeprefix("credentials-")}"' in words
        assert named, name
        assert any(key == f"finding.{name}" or key.startswith(f"finding.{name}") for key in ENGLISH) or (
            name in ("credit-line-edited", "source-type-composite")
        ), name
    for name, (said, _) in VARIANTS.items():
        assert ENGLISH[f"change.{name}"] == said
    for term in TERMS.values():
        assert ENGLISH[f"source.{term.name}"] == term.words


def limits() -> list[str]:
    """Sentences that reports of the shipped models can hold, but for those on thumbnails."""
    card = Card.load(find_model("photo"))
    worst = Measures(short_side=100, quality=20, past_quality=None, sharpness=0.01, screen=1.0)
    before = Measures(short_side=900, quality=None, past_quality=30, sharpness=1.0, screen=0.0)
    return [
        *detecting._ALWAYS_TRUE, *detecting._BY_STRENGTH.values(), detecting.NO_PIXELS, *card.limits,
        *conditions_of(card.conditions, worst, {"drawn": 0.9, "photo": 0.1, "screen": 0.0}),
        *conditions_of(card.conditions, before, {"screen": 0.9}),
    ]  # fmt: skip


def test_the_limits_of_a_report_are_known_by_their_words() -> None:
    templates = [text for key, text in ENGLISH.items() if key.startswith("limit.")]
    patterns = [re.sub(r"\\{(\w+)\\}", "(.{1,80}?)", re.escape(text)) for text in templates]
    assert len(limits()) >= 12
    for sentence in limits():
        assert any(re.fullmatch(pattern, sentence) for pattern in patterns), sentence


def test_nothing_is_inline_and_nothing_comes_from_elsewhere() -> None:
    for path in STATIC.rglob("*"):
        if path.suffix not in (".html", ".css", ".js", ".svg", ".json", ".webmanifest"):
            continue
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        if "private" not in path.parts:  # comments there name the sources that were ported
            assert not re.search(r"https?://(?!127)", text), path
        if path.suffix == ".js":
            assert not re.search(r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval)\b", text), path
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|\son\w+=|<style|<script(?![^>]*\ssrc=)", page)
    for address in re.findall(r'(?:href|src)="([^"#]+)"', page):
        assert not address.startswith("/"), "relative, so that it works below any path"
        assert address == "./" or (STATIC / address).is_file(), address
    for name in re.findall(r'from "(\.[^"]+)"', "".join(SCRIPTS.values())):
        assert name.endswith(".js")


def test_all_modules_that_the_page_begins_with_are_asked_for_at_once() -> None:
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    found, waiting = set(), ["js/app.js"]
    while waiting:
        name = waiting.pop()
        found.add(name)
        for target in re.findall(r'^(?:import|export|}).*from "([^"]+)";$', SCRIPTS[name], re.MULTILINE):
            path = str((STATIC / name).parent.joinpath(target).resolve().relative_to(STATIC.resolve()))
            if path not in found:
                waiting.append(path)
    assert set(re.findall(r'rel="modulepreload" href="([^"]+)"', page)) == found - {"js/app.js"}
