"""What people meet who want to take part: forms that GitHub accepts, and that keep pictures of people out of issues."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
FORMS = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("[0-9]-*.yml"))
# docs.github.com, "Syntax for issue forms" and "Syntax for GitHub's form schema".
FORM_KEYS = {"name", "description", "body", "title", "labels", "assignees", "projects", "type"}
ATTRIBUTES = {
    "markdown": {"value"},
    "input": {"label", "description", "placeholder", "value"},
    "textarea": {"label", "description", "placeholder", "value", "render"},
    "dropdown": {"label", "description", "options", "multiple", "default"},
    "checkboxes": {"label", "description", "options"},
}
REQUIRED = {"markdown": {"value"}, "dropdown": {"label", "options"}, "checkboxes": {"label", "options"}}


def load(path: Path) -> dict[str, Any]:
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return data


def test_there_is_a_form_for_each_need() -> None:
    names = " ".join(path.stem for path in FORMS)
    assert all(word in names for word in ("false-positive", "false-negative", "bug", "evidence-source", "generator"))


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_github_accepts_the_form(path: Path) -> None:
    form = load(path)
    assert {"name", "description", "body"} <= form.keys() <= FORM_KEYS
    elements = form["body"]
    assert any(element["type"] != "markdown" for element in elements)
    ids = [element["id"] for element in elements if element["type"] != "markdown"]
    labels = [element["attributes"].get("label") for element in elements if element["type"] != "markdown"]
    assert len(set(ids)) == len(ids)
    assert len(set(labels)) == len(labels)
    for element in elements:
        kind, attributes = element["type"], element["attributes"]
        assert element.keys() <= {"type", "id", "attributes", "validations"}
        assert re.fullmatch(r"[\w-]+", element.get("id", "x"))
        assert REQUIRED.get(kind, {"label"}) <= attributes.keys() <= ATTRIBUTES[kind]
        assert element.get("validations", {}).keys() <= {"required"}
        texts = attributes.get("options", ["x"])
        if kind == "checkboxes":
            assert all(option.keys() <= {"label", "required"} for option in texts)
            texts = [option["label"] for option in texts]
        assert all(isinstance(text, str) and text for text in texts)
        assert len(set(texts)) == len(texts)
        assert kind != "dropdown" or "None" not in texts  # a word that GitHub keeps for itself


@pytest.mark.parametrize("name", ["1-false-positive", "2-false-negative"])
def test_forms_about_wrong_verdicts_ask_for_no_picture(name: str) -> None:
    (form,) = (load(path) for path in FORMS if path.stem == name)
    first, report = form["body"][:2]
    assert "do not attach the picture" in first["attributes"]["value"]
    assert "SHA-256" in first["attributes"]["value"]
    assert report["attributes"]["render"] == "json"
    for revealed in ("name", "SHA-256", "camera", "prompts", "GPS", "time"):
        assert revealed in report["attributes"]["description"]
    (rights,) = (element for element in form["body"] if element["type"] == "checkboxes")
    assert all(option["required"] for option in rights["attributes"]["options"])


def test_the_chooser_and_the_other_papers_are_there() -> None:
    config = load(ROOT / ".github" / "ISSUE_TEMPLATE" / "config.yml")
    assert config.keys() <= {"blank_issues_enabled", "contact_links"}
    request = (ROOT / ".github" / "PULL_REQUEST_TEMPLATE.md").read_text(encoding="utf-8")
    assert "- [ ] No picture" in request
    assert "privately" in (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "private security advisory" in (ROOT / "CODE_OF_CONDUCT.md").read_text(encoding="utf-8")


def test_the_citation_is_whole() -> None:
    """The keys that Citation File Format 1.2.0 requires, and its forms of dates and names."""
    citation = yaml.load((ROOT / "CITATION.cff").read_text(encoding="utf-8"), yaml.BaseLoader)
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] in ("software", "dataset")
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", citation["date-released"])
    for item in (citation, *citation["references"]):
        assert all(person.keys() & {"name", "family-names", "given-names", "alias"} for person in item["authors"])
    assert all({"type", "title", "authors"} <= item.keys() for item in citation["references"])
    assert all(re.match(r"10\.\d{4,}/\S+$", item["doi"]) for item in citation["references"] if "doi" in item)
