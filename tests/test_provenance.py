"""What the file says reaches the verdict, the report and ``inspect``; sources that fail do not."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from imageauth import Detector, Verdict
from imageauth.errors import ImageAuthError, ImageError
from imageauth.imagefile import ImageFile
from imageauth.policy import read_policy
from imageauth.provenance.trust import TrustLists
from imageauth.report import Evidence, Report
from imageauth.verdict import Policy
from tests.conftest import drawn
from tests.signing import authority, created, picture, sign

ROOT = authority()
AI, PART, CAPTURE = (
    [created(term)] for term in ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "digitalCapture")
)
PROMPT = "a cat\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 64x64, Model hash: 0123456789, Model: test"


@pytest.fixture(scope="module")
def words() -> Detector:
    """Asks only the file, trusting the test authority."""
    return Detector(None, trust=ROOT.trust)


def generated(**text: str) -> bytes:
    info, out = PngImagePlugin.PngInfo(), io.BytesIO()
    for key, value in text.items():
        info.add_text(key, value)
    Image.fromarray(drawn(64, 64)).save(out, "PNG", pnginfo=info)
    return out.getvalue()


def photographed() -> bytes:
    exif, out = Image.Exif(), io.BytesIO()
    exif[271], exif[272] = "Canon", "Canon EOS 5D Mark IV"
    exif.get_ifd(0x8769).update({33434: 0.01, 33437: 2.8, 34855: 400, 36867: "2024:05:01 10:00:00"})
    Image.fromarray(drawn(64, 64)).save(out, "JPEG", exif=exif)
    return out.getvalue()


@pytest.mark.parametrize(
    ("actions", "verdict", "reason"),
    [
        (AI, "ai-generated", "proof-of-ai"),
        (PART, "ai-generated", "proof-of-ai-part"),
        (CAPTURE, "camera-verified", "proof-of-capture"),
    ],
)
def test_a_trusted_signature_decides(words: Detector, actions: list, verdict: str, reason: str) -> None:
    report = words.check(sign(picture(), actions, root=ROOT)[0])
    assert (report.verdict, report.reason) == (verdict, reason)
    assert "Test Camera" in report.summary
    assert "not that they are right" in report.limits[-1]
    assert Report.from_json(json.loads(json.dumps(report.to_json()))) == report


def test_without_lists_the_same_file_is_a_declaration() -> None:
    report = Detector(None, trust=TrustLists()).check(sign(picture(), AI, root=ROOT)[0])
    assert (report.verdict, report.reason) == ("likely-ai", "declared-ai")
    assert "imageauth trust update" in report.summary


def test_a_broken_signature_is_a_warning_and_nothing_more(words: Detector) -> None:
    signed = bytearray(sign(picture(), CAPTURE, root=ROOT)[0])
    signed[-20] ^= 1
    report = words.check(bytes(signed))
    assert (report.verdict, report.reason) == ("inconclusive", "no-decisive-evidence")
    assert [(item.code, item.points_to) for item in report.evidence] == [("credentials-invalid", "none")]


def test_the_credentials_beside_a_file_count(words: Detector, tmp_path: Path) -> None:
    data, store = sign(picture(), AI, root=ROOT, embed=False)
    (tmp_path / "a.jpg").write_bytes(data)
    assert words.check(tmp_path / "a.jpg").verdict is Verdict.INCONCLUSIVE
    (tmp_path / "a.c2pa").write_bytes(store)
    assert words.check(tmp_path / "a.jpg").verdict is Verdict.AI_GENERATED
    assert [answer.to_json()["verdict"] for answer in words.check_many([tmp_path / "a.jpg"])] == ["ai-generated"]


def test_credentials_beside_a_file_that_cannot_be_read_are_told(words: Detector, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(picture())
    (tmp_path / "a.c2pa").write_bytes(b"")
    assert [item.code for item in words.check(tmp_path / "a.jpg").evidence] == ["credentials-unreadable"]


def test_unsigned_words_are_likely_at_most(words: Detector) -> None:
    report = words.check(generated(parameters=PROMPT))
    assert (report.verdict, report.reason) == ("likely-ai", "declared-ai")
    assert "Anyone can write" in report.limits[-1]
    report = words.check(photographed())
    assert (report.verdict, report.reason) == ("inconclusive", "no-decisive-evidence")
    assert [item.code for item in report.evidence] == ["camera-exif"]


def test_a_signed_capture_whose_file_declares_ai_is_a_conflict(words: Detector) -> None:
    report = words.check(sign(generated(parameters=PROMPT), CAPTURE, root=ROOT, form="png")[0])
    assert (report.verdict, report.reason) == ("inconclusive", "proof-and-declaration-disagree")
    assert "Test Camera" in report.summary
    assert "generator's parameters" in report.summary


def test_an_edited_photograph_is_no_contradiction(words: Detector) -> None:
    """As phones and editors write it: camera data, and a mark that AI made part of the picture."""
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" e:DigitalSourceType="'
        b'http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"/></rdf:RDF></x:xmpmeta>'
    )
    segment = b"http://ns.adobe.com/xap/1.0/\0" + xmp
    data = photographed()
    data = data[:2] + b"\xff\xe1" + (len(segment) + 2).to_bytes(2, "big") + segment + data[2:]
    report = words.check(data)
    assert {"camera-exif", "source-type-composite"} <= {item.code for item in report.evidence}
    assert (report.verdict, report.reason) == ("likely-ai", "declared-ai-part")


def test_a_policy_says_who_may_decide(tmp_path: Path) -> None:
    file = tmp_path / "p.toml"
    file.write_text('name = "Desk"\n[decide]\nmetadata = false\n')
    detector = Detector(None, trust=ROOT.trust, policy=read_policy(file))
    report = detector.check(generated(parameters=PROMPT))
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.evidence[0].code == "generator-parameters"
    assert report.produced_by["policy"] == "Desk"
    assert len(report.produced_by["policy_sha256"] or "") == 64


def test_a_policy_moves_the_thresholds(picture: Path) -> None:
    probability = Detector(policy=Policy("none")).check(picture).probability
    if probability is None:
        pytest.skip("the drawn picture is unfamiliar to this model")
    accusing = Detector(policy=Policy("strict", likely_ai=probability / 2, likely_real=0.0)).check(picture)
    clearing = Detector(policy=Policy("mild", likely_ai=1.0, likely_real=(1 + probability) / 2)).check(picture)
    assert "pixels-ai" in [item.code for item in accusing.evidence]
    assert "pixels-real" in [item.code for item in clearing.evidence]
    with pytest.raises(ImageAuthError, match="does not fit the model"):
        Detector(policy=Policy("crossed", likely_ai=1e-9))


def test_files_whose_pixels_nothing_can_be_said_of(words: Detector) -> None:
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg" width="30" height="20"/>'
    report = words.check(drawing)
    assert (report.format, report.width, report.verdict) == ("svg", 30, "inconclusive")
    assert "pixels were not looked at" in " ".join(report.limits)
    with pytest.raises(ImageError, match="drawing"):
        Detector(trust=TrustLists()).check(drawing)


def test_what_a_file_says_is_not_lost_with_its_pixels(detector: Detector, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture of one pixel, a truncated one: an error, unless the file says how it came about."""
    tiny, out = Image.new("RGB", (1, 1)), io.BytesIO()
    tiny.save(out, "PNG")
    info, told = PngImagePlugin.PngInfo(), io.BytesIO()
    info.add_text("parameters", PROMPT)
    tiny.save(told, "PNG", pnginfo=info)
    whole = generated(parameters=PROMPT)
    answers = list(detector.check_many([out.getvalue(), told.getvalue(), whole[:-500], whole, picture()]))
    assert [answer.to_json().get("verdict") for answer in answers[:4]] == [None, *["likely-ai"] * 3]
    assert [answer.to_json().get("probability") for answer in answers[1:3]] == [None, None]
    assert answers[0].to_json()["error"]["code"] == "too-small"
    assert "at least 16×16" in " ".join(answers[1].to_json()["limits"])
    with pytest.raises(ImageError, match="at least 16×16"):
        detector.check(out.getvalue())
    explanation = detector.explain(told.getvalue())
    assert (explanation.report.verdict, explanation.pixels, explanation.heatmap) == ("likely-ai", None, None)


def test_a_damaged_photograph_stays_an_error(detector: Detector) -> None:
    """Camera data decide nothing, so they do not stand in for the picture."""
    with pytest.raises(ImageError) as caught:
        detector.check(photographed()[:-300])
    assert caught.value.code == "corrupt"


def test_each_source_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def count(image: ImageFile) -> list[Evidence]:
        asked.append(image)
        return [Evidence("watermark", "watermark-of-ours", "Found.", "ai", "declared")]

    detector = Detector(trust=TrustLists())
    monkeypatch.setitem(detector._sources, "ours", count)
    out = io.BytesIO()
    Image.new("RGB", (1, 1)).save(out, "PNG")
    assert detector.check(out.getvalue()).verdict is Verdict.LIKELY_AI
    assert detector.check(picture()).verdict is Verdict.LIKELY_AI
    assert len(asked) == 2


# The command


def run(*arguments: object, data: Path | None = None, stdin: bytes | None = None) -> subprocess.CompletedProcess[str]:
    import os

    environment = os.environ | {"IMAGEAUTH_DATA": str(data or "/nonexistent"), "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "imageauth", *map(str, arguments)], capture_output=True, input=stdin, env=environment
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_inspect_shows_all_that_a_file_says(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(sign(generated(parameters=PROMPT), AI, root=ROOT, form="png")[0])
    told = json.loads(run("inspect", file, "--json").stdout)
    assert told["schema"] == "imageauth/inspect/1"
    assert (told["format"], told["width"], told["bytes"]) == ("png", 64, file.stat().st_size)
    assert told["credentials"]["state"] == "valid"
    assert told["metadata"]["generations"][0]["seed"] == "1"
    shown = run("inspect", file)
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "state: valid" in shown.stdout
    assert "a cat" in shown.stdout
    assert json.loads(run("inspect", "-", "--json", stdin=file.read_bytes()).stdout)["file"] == "-"


def test_inspect_needs_no_pixels(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    Image.fromarray(np.zeros((1, 1, 3), np.uint8)).save(file)
    told = json.loads(run("inspect", file, "--json").stdout)
    assert told["credentials"] is None
    assert "at least 16×16" in told["notes"][0]


@pytest.mark.parametrize(
    ("content", "code"), [(None, "unreadable"), (b"", "empty"), (b"only text", "unsupported-format")]
)
def test_inspect_says_in_a_line_what_it_cannot_read(tmp_path: Path, content: bytes | None, code: str) -> None:
    file = tmp_path / "a.jpg"
    if content is not None:
        file.write_bytes(content)
    done = run("inspect", file, "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["error"]["code"] == code
    assert len(done.stderr.splitlines()) == 1
    assert run("inspect", tmp_path).returncode == 1
    assert run("inspect").returncode == 2


def test_escapes_in_a_file_do_not_reach_the_terminal(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(generated(parameters=PROMPT.replace("a cat", "a \x1b[2J\x07cat\r\nfrom \u202eafar")))
    for command in (("inspect",), ("check", "--no-pixels", "--explain")):
        shown = run(*command, file).stdout
        assert not set("\x1b\x07\r\u202e") & set(shown), command
        assert shown.isprintable() or "\n" in shown


def test_check_takes_a_policy_and_the_lists_of_the_user(tmp_path: Path) -> None:
    file, lists, rules = tmp_path / "a.jpg", tmp_path / "root.pem", tmp_path / "p.toml"
    file.write_bytes(sign(picture(), AI, root=ROOT)[0])
    lists.write_bytes(ROOT.pem)
    rules.write_text('name = "Desk"\n[decide]\ncredentials = false\n')
    assert json.loads(run("check", "--no-pixels", "--json", file).stdout)["verdict"] == "likely-ai"
    assert run("trust", "update", "--from", lists, data=tmp_path / "data").returncode == 0
    trusting = run("check", "--no-pixels", "--json", file, data=tmp_path / "data")
    assert json.loads(trusting.stdout)["verdict"] == "ai-generated"
    ruled = run("check", "--no-pixels", "--json", file, "--policy", rules, data=tmp_path / "data")
    assert json.loads(ruled.stdout)["verdict"] == "inconclusive"
    refused = run("check", file, "--policy", tmp_path / "missing.toml")
    assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
    (tmp_path / "data" / "trust-lists.json").write_text("{")
    damaged = run("check", file, data=tmp_path / "data")
    assert (damaged.returncode, len(damaged.stderr.splitlines())) == (2, 1)
    assert "imageauth trust update" in damaged.stderr
