"""The shared samples: generators named, nothing claimed where nothing is; and agreement with sd-parsers."""

import csv
import subprocess
import sys
from pathlib import Path

import PIL.Image
import pytest

from imageauth.provenance.metadata.evidence import evidence_of
from imageauth.provenance.metadata.reading import read_bytes
from tests.metadata_files import kind

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def samples(shared: Path) -> list[dict[str, str]]:
    table = shared / "samples" / "samples.tsv"
    with table.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def codes(data: bytes) -> set[str]:
    return {item.code for item in evidence_of(read_bytes(data, kind(data), 0, 0)) if item.points_to == "ai"}


def carries_none(row: dict[str, str]) -> bool:
    """Whether a file of the group was put there because it has no parameters."""
    return "negative" in row["what_it_carries"] or "gimp" in row["file"]


def test_generators_are_named(shared: Path, samples: list[dict[str, str]]) -> None:
    rows = [row for row in samples if row["group"] == "genparams" and not carries_none(row)]
    missed = [row["file"] for row in rows if not codes((shared / "samples" / row["file"]).read_bytes())]
    assert len(rows) > 30
    assert len(missed) <= 0.02 * len(rows), missed


def test_nothing_is_claimed_where_nothing_is(shared: Path, samples: list[dict[str, str]]) -> None:
    rows = [row for row in samples if row["group"] in ("exif", "iptc", "hostile", "c2pa")]
    rows += [row for row in samples if row["group"] == "genparams" and carries_none(row)]
    claimed = {row["file"]: found for row in rows if (found := codes((shared / "samples" / row["file"]).read_bytes()))}
    # image-rs' picture carries the mark; one hostile file of sd-parsers' tests has its parameters behind the pixels.
    declared = {file for file in claimed if "png__iptc.png" in file or "text_after_idat" in file}
    assert claimed.keys() == declared


def test_agreement_with_sd_parsers(shared: Path, samples: list[dict[str, str]]) -> None:
    """Wherever sd-parsers finds a prompt and a seed, ours are the same. It is a check, and reads no user's file."""
    sd_parsers = pytest.importorskip("sd_parsers")
    manager = sd_parsers.ParserManager(eagerness=sd_parsers.Eagerness.EAGER)
    compared = 0
    kept = []  # sd-parsers 0.6 tells pictures apart by the place in memory, and mixes them up where it is used again
    for row in samples:
        if row["group"] != "genparams":
            continue
        path = shared / "samples" / row["file"]
        try:
            kept.append(PIL.Image.open(path))
            theirs = manager.parse(kept[-1])
        except Exception:  # it can raise on newer graphs
            continue
        if theirs is None or not theirs.samplers:
            continue
        ours = read_bytes(path.read_bytes(), kind(path.read_bytes()), 0, 0).generations
        assert ours, path
        seeds = {str(value) for one in theirs.samplers for key, value in one.parameters.items() if key.endswith("seed")}
        if seeds and ours[0].seed:
            assert ours[0].seed in seeds, path
        texts = {" ".join(prompt.value.split()) for prompt in theirs.prompts}
        # A graph may have several samplers; ours shows one of them, and all texts that reach it.
        assert any(text in " ".join((ours[0].prompt or "").split()) for text in texts), (path, texts, ours[0].prompt)
        compared += 1
    assert compared >= 25


def test_importing_it_loads_neither_c2pa_nor_numpy_of_its_own() -> None:
    code = "import sys; import imageauth.provenance.metadata; print(*{m.split('.')[0] for m in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"c2pa", "sd_parsers", "tensorflow", "ai_edge_litert"}
