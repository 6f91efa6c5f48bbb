"""The GitHub Action and the pre-commit hook: as their documentation has it, and run."""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from PIL import Image
from typer.testing import CliRunner

from imageauth.cli import app
from imageauth.images import EXTENSIONS
from imageauth.report import Verdict
from tests.conftest import drawn
from tests.scan_rows import HOSTILE, failed, row, write

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
# Keys of docs.github.com, "Metadata syntax reference", for composite actions.
ACTION_KEYS = {"name", "author", "description", "inputs", "outputs", "runs", "branding"}
STEP_KEYS = {"run", "shell", "if", "name", "id", "env", "working-directory", "uses", "with", "continue-on-error"}


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("github_action", ROOT / "scripts" / "github_action.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.hooksPath=/dev/null", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def marked(path: Path) -> None:
    """A drawing whose file says that a generator made it: likely-ai without asking the pixels."""
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text(
        "parameters", "a cat\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 64x64"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(drawn(64, 64)).save(path, pnginfo=info)


def plain(path: Path) -> None:
    """Without anything that a model could judge."""
    Image.new("RGB", (64, 64), "red").save(path)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "text.txt").write_text("text")
    marked(folder / "old.png")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "first")
    return folder


def test_the_action_is_one() -> None:
    assert set(ACTION) <= ACTION_KEYS
    assert ACTION["name"]
    assert ACTION["description"]
    assert ACTION["runs"]["using"] == "composite"
    for given in ACTION["inputs"].values():
        assert set(given) <= {"description", "default", "required"}
        assert isinstance(given["default"], str)
    for told in ACTION["outputs"].values():
        assert set(told) == {"description", "value"}
    for step in ACTION["runs"]["steps"]:
        assert set(step) <= STEP_KEYS
        assert ("run" in step) != ("uses" in step)
        assert "run" not in step or step["shell"] == "bash"
        assert "uses" not in step or re.fullmatch(r"[\w-]+/[\w-]+@v\d+", step["uses"])


def test_nothing_from_outside_becomes_part_of_a_script() -> None:
    for step in ACTION["runs"]["steps"]:
        assert "${{" not in step.get("run", "")


def test_what_the_action_names_exists(script: ModuleType) -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(ACTION["inputs"])
    assert set(re.findall(r"steps\.scan\.outputs\.(\w+)", text)) == {"checked", "found", "unchecked", "results"}
    source = (ROOT / "scripts" / "github_action.py").read_text(encoding="utf-8")
    assert set(re.findall(r"IMAGEAUTH_(?!PYTHON)\w+", text)) == set(re.findall(r"IMAGEAUTH_\w+", source)) - {
        "IMAGEAUTH_PATHS, …"
    }
    assert set(ACTION["inputs"]["fail-on"]["default"].split()) <= set(Verdict)
    for step in ACTION["runs"]["steps"]:
        if "run" in step:
            subprocess.run(["bash", "-n"], input=step["run"], text=True, check=True)


def run_action(
    script: ModuleType, repository: Path, tmp_path: Path, monkeypatch: Any, **settings: str
) -> tuple[int, str, str]:
    """Exit code, outputs and summary of the script in a repository."""
    monkeypatch.chdir(repository)
    outputs, summary = tmp_path / "outputs", tmp_path / "summary"
    for file in (outputs, summary):
        file.write_text("")
    given = {f"IMAGEAUTH_{name}": value for name, value in settings.items()}
    code = script.main(
        {
            "IMAGEAUTH_OUT": str(tmp_path / f"out-{len(list(tmp_path.iterdir()))}"),
            "IMAGEAUTH_FAIL_ON": "likely-ai",
            "GITHUB_OUTPUT": str(outputs),
            "GITHUB_STEP_SUMMARY": str(summary),
            **given,
        }
    )
    return code, outputs.read_text(), summary.read_text()


def test_the_action_checks_what_changed(
    script: ModuleType, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    base = git(repository, "rev-parse", "HEAD")
    code, outputs, _ = run_action(script, repository, tmp_path, monkeypatch, BASE=base)
    assert (code, outputs) == (0, "checked=0\nfound=0\nunchecked=0\nresults=\n")
    marked(repository / "in/new, 100%\n::error::x.png")
    (repository / "broken.jpg").write_bytes(b"\xff\xd8\xffjunk")
    (repository / "text.txt").write_text("other")
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "second")
    capfd.readouterr()
    code, outputs, summary = run_action(script, repository, tmp_path, monkeypatch, BASE=base)
    assert code == 3
    assert outputs.startswith("checked=1\nfound=1\nunchecked=1\nresults=")
    said = capfd.readouterr().out.splitlines()
    assert [line for line in said if line.startswith("::error")] == [
        line
        for line in said
        if line.startswith("::error file=in/new%2C 100%25%0A%3A%3Aerror%3A%3Ax.png,title=likely-ai")
    ]
    assert any(line.startswith("::warning file=broken.jpg,title=not checked::corrupt: ") for line in said)
    assert "2 images" not in summary
    assert "1 images checked, 1 found, 1 not checked" in summary
    results = Path(outputs.split("results=")[1].strip())
    assert (results.parent / "results.html").exists()
    code, outputs, _ = run_action(script, repository, tmp_path, monkeypatch, BASE=base, FAIL_ON="")
    assert code == 0
    code, *_ = run_action(script, repository, tmp_path, monkeypatch, BASE=base, FAIL_ON="", FAIL_ON_UNCHECKED="true")
    assert code == 1
    code, outputs, _ = run_action(script, repository, tmp_path, monkeypatch, BASE=base, PATHS="text.txt")
    assert outputs.startswith("checked=0")


def test_without_a_base_all_are_checked(
    script: ModuleType, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any
) -> None:
    monkeypatch.chdir(repository)
    for base in ("", "0" * 40, "--output=x", "f" * 40):
        assert script.changed_images(base, ["."]) is None
    code, outputs, _ = run_action(script, repository, tmp_path, monkeypatch, BASE="")
    assert code == 3
    assert outputs.startswith("checked=1\nfound=1")
    assert "all images are checked" in capfd.readouterr().out


def test_a_verdict_that_is_none_is_told(script: ModuleType, tmp_path: Path, capsys: Any) -> None:
    assert script.main({"IMAGEAUTH_OUT": str(tmp_path), "IMAGEAUTH_FAIL_ON": "fake"}) == 2
    assert "::error::fail-on takes" in capsys.readouterr().out


def test_summary_and_annotations_are_bounded_and_inert(script: ModuleType) -> None:
    rows = [row(f"{HOSTILE}|[a](http://b)`{index}") for index in range(2000)]
    text = script.summary(2000, rows, [failed("x" * 5000, message="a|b\n![](c)")])
    assert len(text) < 2**20
    assert not re.search(r"[<>\[\]()`!]", text.split("|---|", 1)[1].replace("|---|---|", ""))
    lines = list(script.annotations(rows, [failed("a\n::b")] * 50))
    assert len(lines) == 21
    assert all("\n" not in line for line in lines)


def test_the_hook_takes_what_is_decoded_without_extras() -> None:
    names = [f"a{ending}" for ending in sorted(EXTENSIONS)]
    taken = [name for name in names if re.search(HOOK["files"], name)]
    assert [name for name in names if name not in taken] == ["a.heic", "a.heif"]
    assert re.search(HOOK["files"], "A.JPG")
    assert not re.search(HOOK["files"], "a.jpg.txt")


def test_the_hooks_entry_stops_what_it_should(tmp_path: Path) -> None:
    marked(tmp_path / "ai.png")
    plain(tmp_path / "other.png")
    command = [sys.executable, "-m", *shlex.split(HOOK["entry"])]

    def run(*names: str) -> int:
        return subprocess.run([*command, *names], cwd=tmp_path, capture_output=True, check=False).returncode

    assert run("ai.png", "other.png") == 3
    assert run("other.png") == 0
    assert run("missing.png") == 1


def test_pre_commit_takes_and_runs_it(repository: Path, tmp_path: Path) -> None:
    """With the entry as a local hook, which needs no installation of its own."""
    executable = [sys.executable, "-m", "pre_commit"]
    subprocess.run([*executable, "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")], check=True)
    kept = {key: value for key, value in HOOK.items() if key != "minimum_pre_commit_version"}
    local = kept | {"language": "system", "entry": f"{shlex.quote(sys.executable)} -m {HOOK['entry']}"}
    config = {"repos": [{"repo": "local", "hooks": [local]}]}
    (repository / ".pre-commit-config.yaml").write_text(yaml.safe_dump(config))
    environment = os.environ | {"PRE_COMMIT_HOME": str(tmp_path / "home")}

    def run() -> subprocess.CompletedProcess[str]:
        git(repository, "add", "-A")
        return subprocess.run(
            [*executable, "run"], cwd=repository, env=environment, capture_output=True, text=True, check=False
        )

    plain(repository / "other.png")
    done = run()
    assert done.returncode == 0, done.stdout + done.stderr
    marked(repository / "new.png")
    done = run()
    assert done.returncode == 1, done.stdout + done.stderr
    assert "exit code: 3" in done.stdout
    assert "new.png" in done.stdout


def lines(page: str, language: str) -> list[str]:
    """Lines of the code blocks in a page of the documentation."""
    blocks = re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("page", ["review.md", "integrations.md"])
def test_commands_of_the_pages_exist_with_their_options(page: str) -> None:
    commands = [shlex.split(line, comments=True) for line in lines(page, "sh")]
    commands = [words for words in commands if words[:2] in (["imageauth", "review"], ["imageauth", "check"])]
    assert commands
    for _, command, *words in commands:
        shown = CliRunner().invoke(app, [command, "--help"]).output
        assert all(word in shown for word in words if word.startswith("--")), words


def test_the_pages_yaml_names_what_there_is() -> None:
    text = (ROOT / "docs" / "integrations.md").read_text(encoding="utf-8")
    workflow, config, _ = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
    assert set(workflow["jobs"]["images"]["steps"][1]["with"]) <= set(ACTION["inputs"])
    assert config["repos"][0]["hooks"] == [{"id": HOOK["id"]}]
    table = dict(re.findall(r"^\| `([\w-]+)` \|(.*?)\|", text, re.MULTILINE))
    assert {name: value.strip(" `") for name, value in table.items()} == {
        name: given["default"] for name, given in ACTION["inputs"].items()
    }


def test_the_pages_python_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(Path("results.jsonl"), [row("a.jpg"), failed("b.jpg")])
    exec("\n".join(lines("review.md", "python")), {})
