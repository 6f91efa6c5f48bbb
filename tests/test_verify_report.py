"""verify-report: reports of real files against the files, whole, changed and hostile."""

import hashlib
import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from imageauth import Detector, Evidence, Report
from imageauth.cli import app
from imageauth.cli.signing import Signing
from imageauth.errors import ImageAuthError
from imageauth.models import find_model
from imageauth.pixels.card import Card
from imageauth.pixels.evidence import pixel_evidence, stability_evidence
from imageauth.policy import read_policy
from imageauth.provenance import fetching
from imageauth.provenance.trust import TrustLists
from imageauth.rendering.document import reading
from imageauth.verdict import STANDARD, decide
from imageauth.verification import (
    Mark,
    Point,
    UnreadableError,
    Verification,
    read_statements,
    statements,
    verify_report,
)
from imageauth.verification.consistency import consistency_point
from imageauth.verification.evidence_points import evidence_points
from imageauth.verification.tolerance import FIGURE
from tests.conftest import drawn
from tests.serving import in_process
from tests.signing import authority, created, picture, sign, signer_parts

NOTHING = TrustLists()


@dataclass(frozen=True)
class Case:
    """Three pictures and the reports of them in every form, signed."""

    folder: Path

    @property
    def pictures(self) -> list[Path]:
        return [self.folder / name for name in ("drawn.png", "prompt.png", "camera.jpg")]

    def report(self, name: str) -> Path:
        return self.folder / name

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.report("lines.json").read_text().splitlines()]


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.output


@pytest.fixture(scope="module")
def case(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("case")
    Image.fromarray(drawn(64, 64)).save(folder / "drawn.png")
    samples = shared / "samples"
    shutil.copy(next((samples / "genparams").glob("*cli__a1111.png")), folder / "prompt.png")
    # A piece of a real photograph as a thumbnail: the small network is enough, and not quite sure.
    with Image.open(next((samples / "exif").glob("*DSCN0010.jpg"))) as photo:
        small = photo.crop((200, 150, 400, 300)).resize((48, 36))
        small.save(folder / "camera.jpg", quality=95, exif=photo.info["exif"])
    chain, key = signer_parts(authority(), "Test Desk", timedelta(days=30))
    (folder / "signer.pem").write_bytes(key + chain)
    (folder / "ca.pem").write_bytes(authority().pem)
    found = Case(folder)
    outputs = ("--html", folder / "report.html", "--pdf", folder / "report.pdf", "--sign", folder / "signer.pem")
    code, output = run("check", *found.pictures, *outputs, "--json")
    assert code == 0, output
    (folder / "lines.json").write_text(output)
    reports = found.lines()
    with in_process(Detector()) as client:
        sent = [("files", (path.name, path.read_bytes())) for path in found.pictures[::2]]
        (folder / "checks.json").write_bytes(client.post("/v1/checks?heatmap=true", files=sent).content)
    rows = [report | {"schema": "imageauth/scan/1", "size": 1, "duplicate_of": None} for report in reports]
    rows = [row | {"size": path.stat().st_size} for row, path in zip(rows, found.pictures, strict=True)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return found


def points(found: Verification, number: int = 0) -> dict[str, Point]:
    return {point.topic: point for point in found.pictures[number].points}


def differing(found: Verification, number: int = 0) -> set[str]:
    return {topic for topic, point in points(found, number).items() if point.mark is Mark.DIFFERS}


def written(folder: Path, report: object, name: str = "changed.json") -> Path:
    path = folder / name
    path.write_text(report if isinstance(report, str) else json.dumps(report))
    return path


@pytest.mark.parametrize("name", ["report.html", "report.pdf", "lines.json", "checks.json", "rows.jsonl"])
def test_a_report_of_any_kind_agrees_with_its_files(name: str, case: Case) -> None:
    # The one for which the large network is needed only where the report is signed.
    pictures = case.pictures if name.startswith("report") else case.pictures[::2]
    found = verify_report(case.report(name), pictures, trust=NOTHING)
    assert found.outcome == "agrees", found.to_json()
    assert len(found.not_given) == len(found.statements.pictures) - len(pictures)
    told = ("SHA-256", "format", "pixels", "verdict", "reason", "probability", "summary", "limits", "report in itself")
    for number in range(len(pictures)):
        marks = points(found, number)
        assert {marks[topic].mark for topic in told} == {Mark.AGREES}
        assert any(topic.startswith("evidence: ") for topic in marks)
    if name.startswith("report"):
        assert points(found, 2)["perceptual hash"].mark is Mark.AGREES
        assert found.signature is not None
        assert found.signature.state == "intact"


def test_the_command_shows_marks_and_says_so_by_its_exit_code(case: Case) -> None:
    code, output = run("verify-report", case.report("report.html"), *case.pictures[::2], "--ca", case.report("ca.pem"))
    assert code == 0, output
    assert "✓ signature" in output
    assert "Test Desk signing, Test Desk\n" in output
    assert "issued by Test Root, Tests, valid " in output
    assert output.count("✓ agrees with the report") == 2
    assert f"The report speaks of 1 more, not compared: {case.pictures[1]}" in output
    code, output = run("verify-report", case.report("report.pdf"), case.pictures[0], "--json")
    told = json.loads(output)
    assert (code, told["schema"], told["outcome"]) == (0, "imageauth/verification/1", "agrees")
    assert told["signature"]["state"] == "intact"
    assert told["not_given"] == [str(path) for path in case.pictures[1:]]
    assert {point["mark"] for point in told["pictures"][0]["points"]} == {"agrees"}


def test_only_the_signature_can_be_checked(case: Case) -> None:
    assert run("verify-report", case.report("report.pdf"), "--ca", case.report("ca.pem"))[0] == 0
    code, output = run("verify-report", case.report("lines.json"))
    assert (code, output.count("\n")) == (2, 1)
    assert "nothing to check" in output
    stranger = written(case.folder, authority("Somebody Else").pem.decode(), "stranger.pem")
    code, output = run("verify-report", case.report("report.pdf"), "--ca", stranger)
    assert code == 3
    assert "leads to none of the authorities you named" in output


@pytest.mark.parametrize("name", ["report.html", "report.pdf"])
def test_one_changed_byte_breaks_the_signature(name: str, case: Case, tmp_path: Path) -> None:
    whole = case.report(name).read_bytes()
    at = whole.index(b"likely") if name.endswith("html") else len(whole) // 2
    changed = tmp_path / name
    changed.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    shutil.copy(case.report(f"{name}.p7s"), tmp_path)
    code, output = run("verify-report", changed, case.pictures[0])
    # Of a PDF the byte may also lie where it can no longer be read.
    assert code == 3 or (code == 1 and name.endswith("pdf")), output
    if code == 3:
        assert "the file is not the one that was signed" in output


def test_what_is_visible_is_not_compared_without_a_signature_and_that_is_said(case: Case, tmp_path: Path) -> None:
    text = case.report("report.html").read_text()
    head, script, rest = text.partition('<script type="application/json"')
    changed = written(tmp_path, head.replace("likely-ai", "likely-no") + script + rest, "report.html")
    assert changed.read_text() != text
    found = verify_report(changed, case.pictures[:1], trust=NOTHING)
    assert found.outcome == "agrees"
    assert "what its pages show in words and pictures is not compared" in found.signature_points[0].note
    shutil.copy(case.report("report.html.p7s"), tmp_path)
    assert verify_report(changed, case.pictures[:1], trust=NOTHING).outcome == "differs"


def changed_verdict(report: dict[str, Any]) -> None:
    report["verdict"] = "likely-ai" if report["verdict"] != "likely-ai" else "likely-real"


def changed_probability(report: dict[str, Any]) -> None:
    report["probability"] = 0.5


def changed_finding(report: dict[str, Any]) -> None:
    report["evidence"][0]["finding"] = "The pixels are beyond doubt."


def changed_detail(report: dict[str, Any]) -> None:
    report["evidence"][-1]["detail"]["added"] = "later"


def removed_evidence(report: dict[str, Any]) -> None:
    report["evidence"].pop()


def changed_summary(report: dict[str, Any]) -> None:
    report["summary"] += " Truly."


def removed_limits(report: dict[str, Any]) -> None:
    report["limits"] = []


TAMPERED: Mapping[Callable[[dict[str, Any]], None], Sequence[str]] = {
    changed_verdict: ("verdict", "report in itself"),
    changed_probability: ("probability", "report in itself"),
    changed_finding: ("evidence: pixels-real", "report in itself"),
    changed_detail: ("evidence: software",),
    removed_evidence: ("evidence: software",),
    changed_summary: ("summary", "report in itself"),
    removed_limits: ("limits",),
}


@pytest.mark.parametrize("change", TAMPERED, ids=lambda change: change.__name__)
def test_a_changed_part_shows_where_it_was_changed(change: Any, case: Case, tmp_path: Path) -> None:
    report = case.lines()[2]
    change(report)
    found = verify_report(written(tmp_path, report), [case.pictures[2]], trust=NOTHING)
    assert found.outcome == "differs"
    assert differing(found) == set(TAMPERED[change])


def test_an_honest_report_is_never_said_to_contradict_itself(case: Case) -> None:
    card = Card.load(find_model("cifake"))
    honest = Report.from_json(case.lines()[2])
    rest = [item for item in honest.evidence if item.source != "pixels"]
    sides = [card.thresholds.real, card.thresholds.ai, card.thresholds.decision, 0.01, 0.99]
    near = [at + step for at in (*sides, 0.105, 0.945) for step in (-4e-5, -1e-9, 0.0, 1e-9, 4e-5)]
    for probability in near:
        spread = [probability, *([0.02] * len(card.layout.variants))]
        pixels = (pixel_evidence(card, probability, None), stability_evidence(card, spread))
        evidence = (*pixels, *rest)
        said = decide(evidence, STANDARD)
        report = replace(
            honest,
            evidence=evidence,
            probability=round(probability, 4),
            verdict=said.verdict,
            reason=said.reason,
            summary=said.summary,
        )
        point = consistency_point(report, card, STANDARD, missing=False, version=None)
        assert point.mark is Mark.AGREES, (probability, point.note)


def test_a_number_without_bounds_is_a_difference(case: Case, tmp_path: Path) -> None:
    report = case.lines()[2]
    text = json.dumps(report).replace('"detail": {', '"detail": {"uncalibrated_probability": 1' + "0" * 400 + ", ")
    found = verify_report(written(tmp_path, text), [case.pictures[2]], trust=NOTHING)
    assert "evidence: pixels-real" in differing(found)
    report["evidence"][0]["detail"]["probability"] = 10**400
    found = verify_report(written(tmp_path, report), [case.pictures[2]], trust=NOTHING)
    assert {"evidence: pixels-real", "report in itself"} <= differing(found)


def test_another_file_is_told_first_and_a_copy_from_another_picture(case: Case, tmp_path: Path) -> None:
    copy, small = tmp_path / "renamed.jpg", tmp_path / "small.webp"
    with Image.open(case.pictures[2]) as original:
        original.save(copy, quality=85)
        original.resize((86, 64)).save(small)
    found = verify_report(case.report("report.html"), [copy], trust=NOTHING)
    first = found.pictures[0].points[0]
    assert (first.topic, first.mark) == ("SHA-256", Mark.DIFFERS)
    assert "looks" in first.note
    assert "saved again" in first.note
    assert found.pictures[0].reported_as == str(case.pictures[2])  # found by its looks
    assert {"evidence: camera-exif", "evidence: software"} <= differing(found)
    assert "saved again" in verify_report(case.report("report.html"), [small], trust=NOTHING).pictures[0].points[0].note
    alone = written(tmp_path, case.lines()[2])
    assert "cannot tell" in verify_report(alone, [copy], trust=NOTHING).pictures[0].points[0].note
    stranger = tmp_path / "stranger.png"
    Image.fromarray(drawn(64, 64, seed=9)).save(stranger)
    found = verify_report(case.report("report.html"), [stranger], trust=NOTHING)
    assert (found.outcome, found.pictures[0].reported_as) == ("differs", None)
    named = tmp_path / "camera.jpg"
    shutil.copy(stranger, named)
    assert (
        "another picture"
        in verify_report(case.report("report.html"), [named], trust=NOTHING).pictures[0].points[0].note
    )


def test_files_that_cannot_be_checked_are_compared_too(case: Case, tmp_path: Path) -> None:
    text = tmp_path / "text.jpg"
    text.write_text("Dear reader, this is no picture.")
    html = tmp_path / "report.html"
    output = run("check", text, "--json", "--html", html)[1]
    report = written(tmp_path, output.splitlines()[0])
    assert verify_report(report, [text]).outcome == "agrees"
    renamed = text.rename(tmp_path / "renamed.jpg")
    found = verify_report(html, [renamed])
    assert (found.outcome, {*points(found)}) == ("agrees", {"SHA-256", "bytes", "error"})
    text.write_text("Dear reader, this is another text.")
    assert differing(verify_report(html, [text])) == {"SHA-256", "bytes"}
    shutil.copy(case.pictures[0], text)
    assert differing(verify_report(report, [text])) == {"error"}
    assert run("verify-report", case.report("lines.json"), tmp_path / "camera.jpg")[0] == 1
    broken = tmp_path / "drawn.png"
    broken.write_bytes(case.pictures[0].read_bytes()[:-200])
    assert {"SHA-256", "verdict"} <= differing(verify_report(case.report("lines.json"), [broken]))


def test_a_policy_of_ones_own_is_taken_from_the_report_or_named(case: Case, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text('name = "Desk"\n[decide]\npixels = false\n')
    html = tmp_path / "own.html"
    code, output = run("check", case.pictures[2], "--policy", rules, "--html", html, "--json")
    assert code == 0, output
    stated = verify_report(html, [case.pictures[2]], trust=NOTHING)
    assert stated.outcome == "agrees"
    assert "As the report states it" in points(stated)["policy"].note
    assert points(verify_report(html, [case.pictures[2]], policy=read_policy(rules)))["policy"].note == ""
    lines = written(tmp_path, output)
    without = verify_report(lines, [case.pictures[2]], trust=NOTHING)
    assert without.outcome == "not-repeated"
    assert "--policy" in points(without)["verdict"].note
    named = verify_report(lines, [case.pictures[2]], policy=read_policy(rules), trust=NOTHING)
    assert named.outcome == "agrees"
    rules.write_text('name = "Desk"\n[decide]\npixels = true\n')
    other = verify_report(lines, [case.pictures[2]], policy=read_policy(rules), trust=NOTHING)
    assert other.outcome == "not-repeated"
    # A report under the standard policy is repeated under that, and that a file was named for it is told.
    usual = verify_report(case.report("lines.json"), [case.pictures[2]], policy=read_policy(rules), trust=NOTHING)
    assert differing(usual) == {"policy"}
    assert "without a file" in points(usual)["policy"].note
    # A document whose policy was touched no longer fits what its reports name.
    data = json.loads(json.dumps(reading.parse_document(html.read_bytes())))
    data["policy"]["decides"] = []
    assert verify_report(written(tmp_path, data), [case.pictures[2]], trust=NOTHING).outcome == "differs"


def test_another_model_cannot_be_repeated_unless_it_is_named(case: Case, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(find_model("cifake"), folder)
    weights = (folder / "model.tflite").read_bytes() + b"\0"
    (folder / "model.tflite").write_bytes(weights)
    card = json.loads((folder / "card.json").read_text())
    card |= {"name": "mine", "sha256": hashlib.sha256(weights).hexdigest()}
    (folder / "card.json").write_text(json.dumps(card))
    code, output = run("check", case.pictures[0], "--model", folder, "--json")
    assert code == 0, output
    report = written(tmp_path, output)
    found = verify_report(report, [case.pictures[0]], trust=NOTHING)
    assert found.outcome == "not-repeated"
    assert points(found)["verdict"].mark is Mark.OPEN
    assert "not among those here (cifake 4, photo 4)" in points(found)["verdict"].note
    assert verify_report(report, [case.pictures[0]], model=str(folder), trust=NOTHING).outcome == "agrees"
    card |= {"version": "recalibrated"}
    (folder / "card.json").write_text(json.dumps(card))
    other = verify_report(report, [case.pictures[0]], model=str(folder), trust=NOTHING)
    assert other.outcome == "not-repeated"
    assert "under another card (mine recalibrated)" in points(other)["verdict"].note
    with pytest.raises(ImageAuthError, match="no model"):
        verify_report(report, [case.pictures[0]], model="nonsense", trust=NOTHING)


def test_probabilities_may_differ_as_far_as_the_card_says(case: Case, tmp_path: Path) -> None:
    card = json.loads((find_model("cifake") / "card.json").read_text())
    report = case.lines()[2]
    pixels = report["evidence"][0]
    for shift, wanted in ((card["figures"][FIGURE] / 2, "agrees"), (card["figures"][FIGURE] + 0.01, "differs")):
        moved = json.loads(json.dumps(report))
        there = round(report["probability"] + shift, 4)
        moved["probability"] = moved["evidence"][0]["detail"]["probability"] = there
        moved["evidence"][0]["finding"] = re.sub(r"about \d+", f"about {there * 100:.0f}", pixels["finding"])
        moved["summary"] = re.sub(r"about \d+", f"about {there * 100:.0f}", report["summary"])
        found = verify_report(written(tmp_path, moved), [case.pictures[2]], trust=NOTHING)
        assert found.outcome == wanted, found.to_json()
        assert points(found)["probability"].mark == (Mark.AGREES if wanted == "agrees" else Mark.DIFFERS)
        assert points(found)["report in itself"].mark is Mark.AGREES


def test_kinds_and_sentences_that_were_changed_show(case: Case) -> None:
    card = Card.load(find_model("photo"))
    honest = pixel_evidence(card, 0.5, None, {"photograph": 0.7, "drawing": 0.3})

    def mark(changed: Evidence) -> Mark:
        now = replace(Report.from_json(case.lines()[0]), evidence=(honest,))
        (point,) = evidence_points(replace(now, evidence=(changed,)), now, card)
        return point.mark

    def kinds(**shares: Any) -> dict[str, Any]:
        return {**honest.detail, "kinds": shares}

    assert mark(replace(honest, detail=kinds(photograph=0.68, drawing=0.32))) is Mark.AGREES
    assert mark(replace(honest, detail=kinds(photograph=0.3, drawing=0.7))) is Mark.DIFFERS
    assert mark(replace(honest, detail=kinds(photograph=0.7, screenshot=0.3))) is Mark.DIFFERS
    assert mark(replace(honest, detail=kinds(photograph=10**400, drawing=0.3))) is Mark.DIFFERS
    assert mark(replace(honest, detail={**honest.detail, "kinds": "drawing"})) is Mark.DIFFERS
    near = kinds(photograph=0.68, drawing=0.32)
    assert mark(replace(honest, detail=near, finding="The pixels are beyond doubt.")) is Mark.DIFFERS


def test_plug_ins_that_are_not_here_are_told(case: Case, tmp_path: Path) -> None:
    report = case.lines()[0]
    report["produced_by"]["plugins"] = "somebody-elses 1.0"
    found = verify_report(written(tmp_path, report), [case.pictures[0]], trust=NOTHING)
    assert differing(found) == {"plug-ins"}
    assert "install the same ones" in points(found)["plug-ins"].note


def test_another_version_is_told(case: Case, tmp_path: Path) -> None:
    report = case.lines()[0]
    report["produced_by"]["imageauth"] = "0.0.1"
    found = verify_report(written(tmp_path, report), [case.pictures[0]], trust=NOTHING)
    assert differing(found) == {"imageauth"}
    assert points(found)["report in itself"].mark is Mark.OPEN


def test_signers_that_come_and_go_are_explained(tmp_path: Path) -> None:
    file = tmp_path / "captured.jpg"
    file.write_bytes(sign(picture(seed=4), [created("digitalCapture")], root=authority())[0])
    trusted = Detector("cifake", trust=authority().trust).check(file).to_json()
    report = written(tmp_path, trusted)
    assert verify_report(report, [file], trust=authority().trust).outcome == "agrees"
    without = verify_report(report, [file], trust=NOTHING)
    assert "There are no trust lists on this machine" in points(without)["evidence: credentials-capture"].note
    others = verify_report(report, [file], trust=authority("Somebody Else").trust)
    assert "on none of the lists in use here" in points(others)["evidence: credentials-capture"].note
    aged = written(tmp_path, json.dumps(trusted))
    file.write_bytes(picture(seed=4))
    bare = verify_report(aged, [file], trust=NOTHING)
    assert "carries no Content Credentials" in points(bare)["evidence: credentials-capture"].note
    # A certificate that ran out, without waiting for one.
    then = Report.from_json(trusted)
    (old,) = (item for item in then.evidence if item.source == "credentials")
    now = replace(old, strength="declared", detail={**old.detail, "state": "expired"})
    others = tuple(item for item in then.evidence if item != old)
    told = {point.topic: point for point in evidence_points(then, replace(then, evidence=(*others, now)), None)}
    assert "out of date today" in told["evidence: credentials-capture"].note


def test_credentials_that_were_fetched_are_fetched_again_if_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = {"root": authority(), "remote": "https://manifests.example/a.c2pa", "embed": False}
    data, store = sign(picture(seed=4), [created("digitalCapture")], **parts)
    monkeypatch.setattr(fetching, "fetch", lambda address, **_: store)
    (file := tmp_path / "captured.jpg").write_bytes(data)
    made = Detector("cifake", trust=authority().trust, online=True).check(file)
    report = written(tmp_path, made.to_json())
    assert verify_report(report, [file], trust=authority().trust, online=True).outcome == "agrees"
    without = verify_report(report, [file], trust=authority().trust)
    assert "--online fetches them again" in points(without)["evidence: credentials-capture"].note
    assert run("verify-report", report, file)[0] == 3
    output = run("verify-report", report, file, "--online")[1]
    assert "≠ evidence: credentials-remote" not in output


def test_trust_lists_of_a_document_are_compared(case: Case, tmp_path: Path) -> None:
    data = reading.parse_document(case.report("report.html").read_bytes())
    data["trust"] = authority().trust.summary()
    found = verify_report(written(tmp_path, data), [case.pictures[0]], trust=NOTHING)
    assert (points(found)["trust lists"].mark, found.outcome) == (Mark.OPEN, "agrees")
    found = verify_report(written(tmp_path, data), [case.pictures[0]], trust=authority().trust)
    assert points(found)["trust lists"].mark is Mark.AGREES


def deep(case: Case) -> bytes:
    return b'{"schema":' + b"[" * 200_000 + b"]" * 200_000 + b"}"


def deep_detail(case: Case) -> bytes:
    report = case.lines()[0]
    report["evidence"][0]["detail"] = {}
    nested = '{"a":' * 50_000 + "1" + "}" * 50_000
    return json.dumps(report).replace('"detail": {}', f'"detail": {nested}', 1).encode()


def zipped(case: Case) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("report.json", json.dumps(case.lines()[0]))
    return out.getvalue()


def with_part(**parts: Any) -> Callable[[Case], bytes]:
    return lambda case: json.dumps(case.lines()[0] | parts).encode()


HOSTILE: Mapping[str, Callable[[Case], bytes]] = {
    "empty": lambda case: b"",
    "blank": lambda case: b" \n" * 100,
    "text": lambda case: b"Dear reader",
    "not UTF-8": lambda case: b'{"schema": "\xff\xfe"}',
    "deep": deep,
    "deep detail": deep_detail,
    "a zip named .pdf": zipped,
    "a number": lambda case: b"17",
    "a list": lambda case: b"[]",
    "another schema": lambda case: b'{"schema": "imageauth/card/1"}',
    "two schemas": lambda case: case.report("lines.json").read_bytes() + b'{"schema": "imageauth/scan/1"}\n',
    "a page": lambda case: b"<!doctype html><p>Hello",
    "half a page": lambda case: case.report("report.html").read_bytes()[:-100_000].split(b"</script>")[0],
    "a PDF of others": lambda case: b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer <<>>\n%%EOF",
    "half a PDF": lambda case: case.report("report.pdf").read_bytes()[:5000],
    "a wide width": with_part(width="wide"),
    "no hash": with_part(sha256=None),
    "an unknown verdict": with_part(verdict="certainly-ai"),
    "a chance of two": with_part(probability=2),
    "a chance that is none": with_part(probability=float("nan")),
    "evidence of text": with_part(evidence="much"),
    "evidence of nothing": with_part(evidence=[{}]),
    "limits of numbers": with_part(limits=[1]),
    "no maker": with_part(produced_by=None),
    "a bad perceptual hash": with_part(perceptual_hash="zz"),
    "an error that is none": lambda case: b'{"schema": "imageauth/report/1", "file": "a", "error": 1}',
    "no reports": lambda case: b'{"schema": "imageauth/document/1", "reports": []}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_reports_get_one_line(name: str, case: Case, tmp_path: Path) -> None:
    report = tmp_path / "report.pdf"
    report.write_bytes(HOSTILE[name](case))
    code, output = run("verify-report", report, case.pictures[0])
    assert (code, output.count("\n")) == (1, 1), output
    assert output.startswith(f"imageauth: {report} ")


def test_a_report_of_any_size_is_bounded(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 1000)
    with pytest.raises(UnreadableError, match="larger than"):
        read_statements(case.report("lines.json"))
    with pytest.raises(UnreadableError, match="cannot be read: Is a directory"):
        read_statements(tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(statements, "MOST_JSON_BYTES", 1000)
    for name in ("lines.json", "checks.json", "rows.jsonl"):
        with pytest.raises(UnreadableError, match="of JSON; of lines cut out those that you need"):
            read_statements(case.report(name))


def test_what_a_report_says_cannot_steer_the_terminal(case: Case, tmp_path: Path) -> None:
    report = case.lines()[0]
    report["file"] = "a\033[31m\u202egnp.png"
    report["summary"] = "\033]0;gone\a" + "x" * 10_000
    report["evidence"][0]["finding"] = "\r\033[2K all agrees \ud800"
    report["evidence"][0]["code"] = "pixels-\n✓ verdict"
    code, output = run("verify-report", written(tmp_path, report), case.pictures[0])
    assert code == 3
    assert not {"\033", "\u202e", "\a", "\r"} & set(output)
    assert "\n✓ verdict" not in output


def test_signatures_that_are_named(case: Case, tmp_path: Path) -> None:
    report, pdf = case.report("report.html"), case.report("report.pdf.p7s")
    code, output = run("verify-report", report, "--signature", pdf)
    assert code == 3
    assert "its bytes differ" in output
    cut = tmp_path / "cut.p7s"
    cut.write_bytes(pdf.read_bytes()[:200])
    code, output = run("verify-report", report, "--signature", cut)
    assert code == 3
    assert "cannot be read as CMS" in output
    assert run("verify-report", report, "--signature", tmp_path / "nothing.p7s")[0] == 1
    later = datetime.now(UTC) + timedelta(days=400)
    found = verify_report(report, [], authorities=[authority().certificate], now=later)
    assert found.outcome == "differs"
    assert "Only a time stamp" in found.signature_points[1].note


def test_signing_leaves_the_report_as_it_is_and_fails_before_the_work(case: Case, tmp_path: Path) -> None:
    same = ("check", case.pictures[0], "--html", tmp_path / "r.html", "--time", "2026-11-26T18:00:00Z")
    key = case.report("signer.pem")
    assert run(*same)[0] == 0
    plain = (tmp_path / "r.html").read_bytes()
    assert run(*same, "--sign", key)[0] == 0
    # Its own command line names who signed as little as its bytes do.
    assert (tmp_path / "r.html").read_bytes() == plain
    # Made again without a signer, it would lie beside the signature of another file.
    code, output = run(*same)
    assert (code, output.count("\n")) == (2, 1), output
    assert "r.html.p7s is the signature of the report that lies there: remove it, or add --sign" in output
    (tmp_path / "r.html").unlink()
    (tmp_path / "no.pem").write_text("nothing")
    for wrong in (("--sign", tmp_path / "no.pem"), ("--certificate", key), ("--passphrase-file", key)):
        code, output = run(*same, *wrong)
        assert (code, output.count("\n")) == (2, 1), output
    assert run("check", case.pictures[0], "--sign", key)[0] == 2
    assert not (tmp_path / "r.html").exists()


def test_the_passphrase_comes_from_a_file_or_the_environment(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(signer_parts(authority(), "Test Desk", timedelta(days=30))[1], None)
    hidden = serialization.BestAvailableEncryption(b"open sesame")
    locked = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
    (tmp_path / "key.pem").write_bytes(locked)
    (tmp_path / "secret").write_text("open sesame\n")
    asked = ("check", case.pictures[0], "--html", tmp_path / "r.html", "--sign", tmp_path / "key.pem")
    asked = (*asked, "--certificate", case.report("signer.pem"))
    code, output = run(*asked)
    assert code == 2
    assert "--passphrase-file" in output
    assert run(*asked, "--passphrase-file", tmp_path / "secret")[0] == 0
    assert run("verify-report", tmp_path / "r.html", case.pictures[0], "--ca", case.report("ca.pem"))[0] == 0
    with monkeypatch.context() as terminal:  # somebody who presses Ctrl-D instead
        terminal.setattr("imageauth.cli.signing.sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
        terminal.setattr("getpass.getpass", lambda _: (_ for _ in ()).throw(EOFError))
        with pytest.raises(ImageAuthError, match="no passphrase was given"):
            Signing(tmp_path / "key.pem", case.report("signer.pem")).load([tmp_path / "r.html"])
    monkeypatch.setenv("IMAGEAUTH_SIGN_PASSPHRASE", "open sesame")
    assert run(*asked)[0] == 0
