"""Plug-ins of other packages: found, checked, named in reports, refused with one line, left out."""

import importlib
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
from click.testing import Result
from fastapi.testclient import TestClient
from PIL import Image
from typer.testing import CliRunner

from imageauth import Detector, Evidence, Report, Verdict
from imageauth import plugins as plugins_module
from imageauth.cli import app
from imageauth.errors import ImageAuthError, ModelError
from imageauth.models import find_model
from imageauth.pixels.model import PixelModel
from imageauth.plugins import OFF
from imageauth.provenance.trust import TrustLists
from imageauth.scan.items import FileSource, Item
from imageauth.scan.results import open_results
from imageauth.scan.scanning import Again, scan
from imageauth.scan.settings import Checking
from imageauth.scan.sidecars import sidecar
from imageauth.scan.summary import Summary
from imageauth.server.app import create_app
from imageauth.server.private import private_of
from imageauth.verdict import decide
from tests.plugin_packages import package
from tests.scan_files import png
from tests.scan_rows import row, write

SOURCES, MODELS, RENDERERS = "imageauth.sources", "imageauth.models", "imageauth.renderers"
FINDS = """
from imageauth import Evidence

def ask(image):
    detail = {"pixels": image.pixels is not None}
    return [Evidence("plugin", "finds-listed", "It stands on our list.", "ai", "declared", detail)]
"""

Install = Callable[..., Path]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs packages for this test, here and for the commands that it runs."""
    folder = tmp_path / "site"
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")]))
    before = set(sys.modules)

    def add(*arguments: object, **more: object) -> Path:
        package(folder, *arguments, **more)  # type: ignore[arg-type]
        importlib.invalidate_caches()
        plugins_module._entries.cache_clear()
        return folder

    plugins_module._entries.cache_clear()
    yield add
    plugins_module._entries.cache_clear()
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, list(map(str, arguments)))


def said_of(picture: Path) -> Report:
    return Detector(None, trust=TrustLists()).check(picture)


def test_without_plugins_nothing_changes(picture: Path) -> None:
    assert "plugins" not in said_of(picture).produced_by
    assert plugins_module.plugins("renderer") == ()


def test_a_source_is_asked_and_named(install: Install, picture: Path) -> None:
    install("desk-list", {SOURCES: {"finds": ".:ask"}}, FINDS)
    report = said_of(picture)
    assert (report.verdict, report.reason) == (Verdict.LIKELY_AI, "declared-ai")
    # The rule's own sentence would say that the file says so.
    assert report.summary == "It stands on our list."
    assert report.produced_by["plugins"] == "desk-list 1.0"
    (item,) = report.evidence
    assert (item.source, dict(item.detail)) == ("plugin", {"pixels": False, "plugin": "desk-list 1.0"})
    assert "imageauth did not measure it" in " ".join(report.limits)
    assert Report.from_json(json.loads(json.dumps(report.to_json()))) == report


def test_a_policy_may_leave_plugins_unheeded(install: Install, picture: Path, tmp_path: Path) -> None:
    from imageauth.policy import read_policy

    install("desk-list", {SOURCES: {"finds": ".:ask"}}, FINDS)
    (tmp_path / "p.toml").write_text('name = "ours"\n[decide]\nplugin = false\n')
    report = Detector(None, trust=TrustLists(), policy=read_policy(tmp_path / "p.toml")).check(picture)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert [item.code for item in report.evidence] == ["finds-listed"]


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("import nowhere_to_be_found", "cannot be loaded: ModuleNotFoundError"),
        ("raise SystemExit(3)", "cannot be loaded: SystemExit: 3"),
        ("def ask(image):\n    raise KeyError('no such \\x1b[31mthing')", "failed on this file: KeyError"),
        ("def ask(image):\n    raise MemoryError", "failed on this file: MemoryError"),
        (
            "def ask(image):\n    open('/secret/place')",
            "failed on this file: FileNotFoundError: No such file or directory.",
        ),
        ("def ask(image):\n    raise SystemExit(0)", "failed on this file: SystemExit: 0"),
        ("ask = 5", "is of type int, not a function"),
        ("def ask(image):\n    return None", "failed on this file: TypeError"),
        ("def ask(image):\n    return ['found']", "gave str instead of Evidence"),
        (FINDS.replace('"plugin",', '"credentials",'), "gave evidence of source 'credentials'"),
        (FINDS.replace('"declared"', '"proof"'), "of strength 'proof'"),
        (FINDS.replace('"ai"', '"guilty"'), "points to 'guilty'"),
        (FINDS.replace("finds-listed", "pixels-ai"), "its codes begin with 'finds-'"),
        (FINDS.replace("It stands on our list.", " "), "without a sentence"),
        (FINDS.replace('"It stands on our list."', "'x' * 1001"), "sentence or code that is too long"),
        (FINDS.replace("image.pixels is not None", "image"), "JSON cannot hold"),
        (FINDS.replace("image.pixels is not None", "float('nan')"), "JSON cannot hold"),
        (FINDS.replace("image.pixels is not None", "'x' * 2**21"), "characters of evidence"),
        (
            FINDS.replace("    return [", "    while True:\n        yield ").replace("detail)]", "detail)"),
            "more than 100",
        ),
    ],
)
def test_what_a_source_does_wrong_is_a_finding(install: Install, picture: Path, code: str, line: str) -> None:
    install("a-list", {SOURCES: {"finds": ".:ask"}}, code)
    install("b-list", {SOURCES: {"other": ".:ask"}}, FINDS.replace("finds-", "other-"))
    failed, found = said_of(picture).evidence
    assert (failed.source, failed.code, failed.points_to) == ("plugin", "plugin-failed", "none")
    assert failed.finding.startswith("The plug-in finds of a-list 1.0 ")
    assert line in failed.finding
    assert "\x1b" not in failed.finding
    assert len(failed.finding) < 400
    assert found.code == "other-listed"


def test_a_source_cannot_change_what_others_see(install: Install, picture: Path) -> None:
    code = "def ask(image):\n    assert image.pixels.shape == (32, 32, 3)\n    image.pixels[:] = 0\n    return []"
    probability = Detector("cifake").check(picture).probability
    install("vandal", {SOURCES: {"wipes": ".:ask"}}, code)
    report = Detector("cifake").check(picture)
    assert report.probability == probability
    assert "ValueError: assignment destination is read-only" in report.evidence[-1].finding


def test_names_that_are_taken_are_refused(install: Install, picture: Path) -> None:
    install("greedy", {SOURCES: {"metadata": ".:ask"}, MODELS: {"photo": "."}, RENDERERS: {"json": ".:ask"}}, FINDS)
    install("twin-a", {SOURCES: {"finds": ".:ask"}}, FINDS)
    install("twin-b", {SOURCES: {"finds": ".:ask"}, MODELS: {"Bad Name": "."}}, FINDS)
    report = said_of(picture)
    assert [item.code for item in report.evidence] == ["plugin-failed"] * 3
    assert "twin-a and twin-b both bring a source of that name" in report.evidence[0].finding
    assert "imageauth has a source of that name itself" in report.evidence[2].finding
    assert find_model("photo").parent == find_model("cifake").parent
    done = run("plugins", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.exit_code, done.stderr, len(rows)) == (1, "", 6)
    assert not any(row["loads"] for row in rows)
    assert all(row["reason"].startswith(f"the plug-in {row['name']} of {row['package']} 1.0 ") for row in rows)


def test_the_summary_says_where_plugins_disagree() -> None:
    known = Evidence("plugin", "list-real", "Our photographer took it.", "real", "declared")
    written = Evidence("metadata", "source-type", "Its metadata say that AI made it.", "ai", "declared")
    fake = Evidence("plugin", "list-ai", "It is on our list.", "ai", "declared")
    decision = decide([known, written])
    assert (decision.verdict, decision.reason) == (Verdict.INCONCLUSIVE, "declarations-disagree")
    assert decision.summary == f"What is known of this image contradicts itself. {written.finding} {known.finding}"
    # What the file says is told first, and with the rule's sentence.
    assert decide([fake, written]).summary == f"The file says that it is AI-made. {written.finding}"
    assert decide([known]).verdict is Verdict.INCONCLUSIVE


def test_left_out_where_that_is_asked_for(install: Install, picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install("desk-list", {SOURCES: {"finds": ".:ask"}}, FINDS)
    monkeypatch.setenv(OFF, "1")
    report = said_of(picture)
    assert (report.evidence, "plugins" in report.produced_by) == ((), False)
    done = run("plugins")
    assert (done.exit_code, done.stdout) == (0, "IMAGEAUTH_NO_PLUGINS is set: plug-ins are left out.\n")
    monkeypatch.setenv(OFF, "0")
    assert said_of(picture).evidence


def test_packages_are_looked_through_once_and_imported_late(install: Install, picture: Path) -> None:
    install("desk-list", {SOURCES: {"finds": ".:ask"}}, FINDS)
    detector = Detector(None, trust=TrustLists())
    assert "desk_list" not in sys.modules
    detector.check(picture)
    assert "desk_list" in sys.modules
    assert plugins_module._entries.cache_info().misses == 1


def test_documents_name_the_packages(install: Install, picture: Path, tmp_path: Path) -> None:
    assert "desk-list" not in document(picture, tmp_path / "without.html")
    install("desk-list", {SOURCES: {"finds": ".:ask"}}, FINDS)
    text = document(picture, tmp_path / "with.html")
    assert re.search("Plug-ins<.*?desk-list 1.0", text)


def document(picture: Path, path: Path) -> str:
    assert run("check", picture, "--html", path).exit_code == 0
    return path.read_text(encoding="utf-8")


def test_private_mode_is_not_offered_beside_sources_that_it_lacks(install: Install) -> None:
    install("desk-list", {SOURCES: {"finds": ".:ask"}}, FINDS)
    assert "evidence sources of other packages" in str(private_of(Detector("cifake")).reason)


# Models


@pytest.fixture
def model(install: Install) -> Path:
    """The shipped thumbnails' model under another name, as a package; returns its folder."""
    code = "from pathlib import Path\nFOLDER = Path(__file__).parent / 'stamps'\n"
    site = install("stamp-collectors", {MODELS: {"stamps": ".:FOLDER"}}, code)
    (site / "stamps").mkdir()
    shipped = find_model("cifake")
    card = json.loads((shipped / "card.json").read_text(encoding="utf-8"))
    (site / "stamps" / "card.json").write_text(json.dumps({**card, "name": "stamps"}), encoding="utf-8")
    (site / "stamps" / "model.tflite").symlink_to(shipped / "model.tflite")
    return site / "stamps"


def test_a_model_goes_by_its_name(model: Path, picture: Path) -> None:
    pixels = np.asarray(Image.open(picture))
    assert PixelModel.load("stamps").scores([pixels]) == PixelModel.load("cifake").scores([pixels])
    assert Detector("stamps").check(picture).produced_by["model"] == "stamps 4"
    # Nothing is chosen by auto that was not asked for by its name.
    assert str(Detector().check(picture).produced_by["model"]).startswith("cifake")
    with TestClient(create_app(Detector("stamps"))) as client:
        (served,) = client.get("/v1/models").json()["models"]
    assert served["name"] == "stamps"
    with pytest.raises(ModelError, match="plug-ins bring stamps"):
        find_model("nonsense")
    done = run("models")
    assert "stamps 4 " in done.stdout
    assert "from stamp-collectors 1.0" in done.stdout
    assert run("models", "stamps").stdout.startswith("stamps 4 ")
    assert json.loads(run("models", "--json").stdout.splitlines()[-1])["plugin"] == "stamp-collectors 1.0"


def test_a_model_that_cannot_be_used_is_one_line(model: Path, picture: Path) -> None:
    card = model / "card.json"
    card.write_text(card.read_text(encoding="utf-8").replace('"stamps"', '"photo"'), encoding="utf-8")
    done = run("check", picture, "--model", "stamps")
    assert done.exit_code == 2
    assert done.stderr == (
        "imageauth: the plug-in stamps of stamp-collectors 1.0 has a card of another name, 'photo'\n"
    )
    (model / "model.tflite").unlink()
    card.write_text(card.read_text(encoding="utf-8").replace('"photo"', '"stamps"'), encoding="utf-8")
    assert run("models", "stamps").stderr == (
        "imageauth: the plug-in stamps of stamp-collectors 1.0 cannot be read: No such file or directory\n"
    )
    assert json.loads(run("plugins", "--json").stdout)["loads"] is False
    card.unlink()
    model.rename(model.with_name("elsewhere"))
    done = run("models")
    assert done.exit_code == 1
    assert "stamps of stamp-collectors 1.0 names no model folder" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "photo " in done.stdout


# Renderers


RENDERS = """
def names(answers):
    return "".join(f"{answer.file}: {getattr(answer, 'verdict', 'error')}\\n" for answer in answers)

def fails(answers):
    raise ValueError("too many")

def wrong(answers):
    return answers

def ends(answers):
    raise SystemExit
"""


def test_a_renderer_writes_all_answers(
    install: Install, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = {name: f".:{name}" for name in ("ends", "names", "fails", "wrong")}
    install("renders", {RENDERERS: entries}, RENDERS)
    (tmp_path / "text.jpg").write_text("no picture")
    files = {name: tmp_path / f"{name}.out" for name in entries}
    options = [word for name, file in files.items() for word in ("--render", f"{name}:{file}")]
    done = run("check", picture, tmp_path / "text.jpg", *options)
    assert done.exit_code == 1
    assert "the plug-in fails of renders 1.0 failed: ValueError: too many; nothing is written" in done.stderr
    assert "the plug-in ends of renders 1.0 failed: SystemExit; nothing is written" in done.stderr
    assert "the plug-in wrong of renders 1.0 returned list instead of bytes or text" in done.stderr
    first, second = files["names"].read_text().splitlines()
    assert first.startswith(f"{picture}: ")
    assert second == f"{tmp_path / 'text.jpg'}: error"
    assert not files["fails"].exists()
    heatmap = tmp_path / "h.png"
    done = run("check", picture, "--heatmap", heatmap, "--render", f"names:{files['names']}")
    assert (done.exit_code, len(files["names"].read_text().splitlines())) == (0, 1)
    files["names"].unlink()
    with monkeypatch.context() as context:
        context.setattr("imageauth.documents.Document.to_html", Mock(side_effect=ImageAuthError("too much")))
        page = tmp_path / "r.html"
        assert run("check", picture, "--html", page, "--render", f"names:{files['names']}").exit_code == 2
    assert (files["names"].exists(), page.exists()) == (True, False)
    before = picture.read_bytes()
    done = run("check", picture, "--render", f"names:{picture}")
    assert (done.exit_code, picture.read_bytes()) == (2, before)


def test_more_than_a_renderer_is_given(install: Install, picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install("renders", {RENDERERS: {"names": ".:names"}}, RENDERS)
    monkeypatch.setattr("imageauth.rendering.plugin_renderers.MOST", 1)
    done = run("check", picture, picture, "--render", f"names:{picture}.txt")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--render holds 1 reports at most, and 2 files were named" in done.stderr


@pytest.mark.parametrize(
    ("wanted", "line"),
    [
        ("names", "--render is a renderer's name, a colon and a file, not 'names'"),
        ("html:x", "there is no renderer 'html': plug-ins bring names"),
        ("names:/nowhere/x", "/nowhere/x cannot be written: No such file or directory"),
    ],
)
def test_what_cannot_be_rendered_is_said_first(install: Install, picture: Path, wanted: str, line: str) -> None:
    install("renders", {RENDERERS: {"names": ".:names"}}, RENDERS)
    done = run("check", picture, "--render", wanted)
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", f"imageauth: {line}\n")


# Scans


def items(folder: Path, count: int = 3) -> list[Item]:
    found = []
    for index in range(count):
        path = folder / f"{index}.png"
        path.write_bytes(png(index))
        found.append(Item(str(path), FileSource(str(path)), path.stat().st_size, 1))
    return found


def test_a_scan_names_the_plugins_and_notices_others(install: Install, tmp_path: Path) -> None:
    out, found = tmp_path / "r.jsonl", items(tmp_path)

    def again(*, redo: bool = False) -> Summary:
        return scan(found, out, checking=Checking(None), workers=1, again=Again(resume=True, otherwise=redo))

    scan(found[:2], out, checking=Checking(None), workers=1)
    site = install("desk-list", {SOURCES: {"finds": ".:ask"}}, FINDS)
    with pytest.raises(ImageAuthError, match=r"set of plug-ins \(no model; policy standard\)"):
        again()
    assert again(redo=True).verdicts["likely-ai"] == 3
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row["produced_by"]["plugins"] for row in rows] == ["desk-list 1.0"] * 3
    (site / "desk_list-1.0.dist-info" / "entry_points.txt").unlink()
    plugins_module._entries.cache_clear()
    with pytest.raises(ImageAuthError, match=r"policy standard; plug-ins: desk-list 1\.0"):
        again()


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_every_form_of_results_holds_them(tmp_path: Path, form: str) -> None:
    without = row("a.png")
    asked = row("b.png", produced_by={**without["produced_by"], "plugins": "desk-list 1.0"})
    path = write(tmp_path / f"r.{form}", [without, asked])
    with closing(open_results(path)) as results:
        assert [one for _, one in results.rows()] == [without, asked]
    assert b"desk-list 1.0" in sidecar(asked)


def test_a_worker_with_other_plugins_checks_nothing(install: Install, tmp_path: Path) -> None:
    install("desk-list", {SOURCES: {"finds": ".:ask"}}, FINDS)
    checking = Checking(None, plugins="desk-list 0.9")
    with pytest.raises(ImageAuthError, match=r"other plug-ins \(desk-list 1.0\) than .* \(desk-list 0.9\)"):
        scan(items(tmp_path), tmp_path / "r.jsonl", checking=checking, workers=1)
