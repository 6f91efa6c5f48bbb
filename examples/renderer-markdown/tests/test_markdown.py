"""What is rendered says what the reports say, whatever stands in them."""

from pathlib import Path

from imageauth_markdown import render
from PIL import Image

import imageauth


def test_reports_and_failures(tmp_path: Path) -> None:
    Image.linear_gradient("L").resize((64, 64)).convert("RGB").save(tmp_path / "a.png")
    (tmp_path / "b.jpg").write_text("no picture")
    answers = list(imageauth.Detector().check_many([tmp_path / "a.png", tmp_path / "b.jpg"], names=["a.png", "b.jpg"]))
    text = render(answers)
    report = answers[0]
    assert isinstance(report, imageauth.Report)
    assert f"| a\\.png | {report.verdict} |" in text
    assert "| b\\.jpg | not checked | – |" in text
    assert report.sha256 in text
    assert text.count("\n- ") == len(report.evidence) + len(report.limits)


def test_hostile_names_stay_names() -> None:
    name = "a|b\n# c [d](http://e) <img src=x> *f* \u202egpj"
    text = render([imageauth.Failure(name, "corrupt", "is damaged")])
    assert len(text.splitlines()) == 5
    assert text.splitlines()[-1].startswith("| a\\|b\N{REPLACEMENT CHARACTER}\\# c \\[d\\](http\\://e) \\<img")
    assert "\u202e" not in text
