"""The command line, as a user meets it: in its own process."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from imageauth.models import find_model
from imageauth.pixels.card import Card
from tests.bad_files import BAD
from tests.conftest import drawn


def run(*arguments: object, stdin: bytes | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        [sys.executable, "-m", "imageauth", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        env=os.environ | environment,
        timeout=120,
        check=False,
    )
    out, err = result.stdout.decode(), result.stderr.decode()
    assert "Traceback" not in err
    return subprocess.CompletedProcess(result.args, result.returncode, out, err)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "sub").mkdir()
    for index, name in enumerate(("a.png", "b.jpg", "sub/c.webp", ".hidden.png")):
        Image.fromarray(drawn(seed=index)).save(tmp_path / name)
    (tmp_path / "readme.txt").write_text("not an image")
    return tmp_path


def test_one_line_a_file(folder: Path) -> None:
    result = run("check", folder / "a.png", folder / "b.jpg")
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert [line.rsplit("  ", 1)[1] for line in lines] == [str(folder / "a.png"), str(folder / "b.jpg")]
    assert "\033" not in result.stdout
    assert result.stderr == ""


def test_explain_shows_the_evidence_and_limits(folder: Path) -> None:
    result = run("check", folder / "a.png", "--explain")
    assert "pixels" in result.stdout
    assert "sha256" in result.stdout
    assert "proof" in result.stdout  # of the limits


def test_folders_and_globs(folder: Path) -> None:
    names = {"a.png", "b.jpg", "c.webp"}
    for argument in (folder, str(folder / "**" / "*.[pjw]*")):
        result = run("check", argument, "--json")
        assert {Path(json.loads(line)["file"]).name for line in result.stdout.splitlines()} == names
        assert result.returncode == 0


def test_json_is_one_object_a_line(folder: Path) -> None:
    result = run("check", folder / "a.png", folder / "readme.txt", "--json")
    good, bad = map(json.loads, result.stdout.splitlines())
    assert good["schema"] == bad["schema"] == "imageauth/report/1"
    assert good["verdict"] in ("likely-ai", "inconclusive", "likely-real")
    assert bad["error"]["code"] == "unsupported-format"
    assert result.returncode == 1


def test_standard_input(folder: Path) -> None:
    data = (folder / "b.jpg").read_bytes()
    result = run("check", "-", "--json", stdin=data)
    report = json.loads(result.stdout)
    assert report["file"] == "-"
    assert report["sha256"] == json.loads(run("check", folder / "b.jpg", "--json").stdout)["sha256"]
    assert run("check", "-", stdin=b"").stderr == "-: empty: is empty (0 bytes)\n"


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gives_a_code_and_the_rest_goes_on(name: str, folder: Path) -> None:
    code, make = BAD[name]
    bad = folder / name
    bad.write_bytes(make())
    result = run("check", bad, folder / "a.png")
    assert result.returncode == 1
    assert result.stderr.startswith(f"{bad}: {code}: ")
    assert result.stderr.count("\n") == 1
    assert str(folder / "a.png") in result.stdout


def test_missing_path_empty_folder_and_useless_glob(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    result = run("check", folder / "missing.jpg", tmp_path / "nothing", str(folder / "*.xyz"), folder / "a.png")
    assert result.returncode == 1
    assert [line.split(": ")[1] for line in result.stderr.splitlines()] == ["unreadable", "empty", "unreadable"]
    assert len(result.stdout.splitlines()) == 1


def test_forbidden_file(folder: Path) -> None:
    secret = folder / "secret.png"
    secret.write_bytes((folder / "a.png").read_bytes())
    secret.chmod(0)
    if os.geteuid() == 0:
        # Root may read everything, so ask as somebody who may not.
        folder.chmod(0o755)
        for parent in folder.parents:
            if parent.stat().st_mode & 0o005 != 0o005:
                parent.chmod(parent.stat().st_mode | 0o055)
        command = (
            "import os,sys; from imageauth.images import read_image; from imageauth.errors import ImageError\n"
            "os.setuid(65534)\n"
            f"try: read_image({str(secret)!r})\n"
            "except ImageError as error: print(error.code, error)"
        )
        done = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=False)
        assert done.stdout.startswith("unreadable cannot be read: Permission denied"), done.stderr
        return
    result = run("check", secret)
    assert (result.returncode, result.stderr.split(": ")[1]) == (1, "unreadable")


def test_animation_and_cmyk(folder: Path) -> None:
    frames = [Image.fromarray(drawn(seed=seed)) for seed in range(3)]
    frames[0].save(folder / "anim.gif", save_all=True, append_images=frames[1:])
    frames[0].convert("CMYK").save(folder / "cmyk.jpg")
    result = run("check", folder / "anim.gif", folder / "cmyk.jpg", "--json")
    assert result.returncode == 0
    gif, jpeg = map(json.loads, result.stdout.splitlines())
    assert "Only the first frame of this file was checked." in gif["limits"]
    assert jpeg["format"] == "jpeg"


def test_hostile_file_names_cannot_steer_the_terminal(folder: Path) -> None:
    name = folder / "a\033[31m\u202egnp.png"
    name.write_bytes((folder / "a.png").read_bytes())
    result = run("check", name)
    assert "\033" not in result.stdout
    assert "\u202e" not in result.stdout
    undecodable = os.fsencode(folder) + b"/\xff\xfe.png"
    Path(os.fsdecode(undecodable)).write_bytes((folder / "a.png").read_bytes())
    assert run("check", folder).returncode == 0
    assert len(run("check", folder, "--json").stdout.splitlines()) == 5


def test_usage_errors(folder: Path) -> None:
    assert run("check").returncode == 2
    assert run("nonsense").returncode == 2
    result = run("check", folder / "a.png", "--model", "nonsense")
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "there is no model 'nonsense'" in result.stderr


def test_no_pixels(folder: Path) -> None:
    report = json.loads(run("check", folder / "a.png", "--no-pixels", "--json").stdout)
    assert (report["verdict"], report["probability"]) == ("inconclusive", None)


def test_models_and_version() -> None:
    assert f"cifake {Card.load(find_model('cifake')).version} " in run("models").stdout
    cards = [json.loads(line) for line in run("models", "--json").stdout.splitlines()]
    assert [(card["schema"], card["name"]) for card in cards] == [
        ("imageauth/card/1", "cifake"),
        ("imageauth/card/1", "photo"),
    ]
    assert run("--version").stdout.startswith("imageauth ")


@pytest.mark.parametrize("command", [[], ["check"], ["evaluate"], ["models"], ["data", "cifake"], ["train", "cifake"]])
def test_help(command: list[str]) -> None:
    result = run(*command, "--help")
    assert result.returncode == 0
    assert "Usage: imageauth" in result.stdout or "Usage: python -m imageauth" in result.stdout


def in_a_terminal(*arguments: object, **environment: str) -> str:
    """What the command writes to a terminal of 80 columns."""
    import pty

    def child_environment() -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
        return kept | {"TERM": "xterm", "COLUMNS": "80"} | environment

    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "imageauth", *map(str, arguments)], stdout=child, stderr=child, env=child_environment()
    )
    os.close(child)
    chunks = []
    try:
        while chunk := os.read(parent, 65536):
            chunks.append(chunk)
    except OSError:  # Linux says so at the end
        pass
    process.wait(60)
    os.close(parent)
    return b"".join(chunks).decode()


def test_colour_only_on_a_terminal_and_not_with_no_color(folder: Path) -> None:
    assert "\033[" in in_a_terminal("check", folder / "a.png")
    plain = in_a_terminal("check", folder / "a.png", NO_COLOR="1")
    assert "\033[" not in plain


def test_lines_fit_the_terminal(folder: Path) -> None:
    deep = folder / ("long-name-" * 20 + ".png")
    deep.write_bytes((folder / "a.png").read_bytes())
    line = in_a_terminal("check", deep, NO_COLOR="1").rstrip("\r\n")
    assert len(line) <= 80
    assert line.endswith(".png")


def test_any_output_encoding_and_a_closed_input(folder: Path) -> None:
    assert run("check", folder / "a.png", PYTHONIOENCODING="latin-1").returncode == 0
    command = f"{sys.executable} -m imageauth check - <&-"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "-: unreadable: standard input is closed\n")
    assert run("check", "-", "-", stdin=b"x").returncode == 2


def test_globs_name_each_file_once_and_a_file_called_minus_is_a_file(folder: Path) -> None:
    (folder / "sub" / "-").write_bytes((folder / "a.png").read_bytes())
    result = run("check", str(folder / "**"), "--json", stdin=b"")
    names = [json.loads(line)["file"] for line in result.stdout.splitlines()]
    assert len(names) == len(set(names)) == 5  # three images, a text, and the file called "-"
    assert str(folder / "sub" / "-") in names


def checking(folder: Path) -> subprocess.Popen[str]:
    """A check under way, with its output to read."""
    command = [sys.executable, "-m", "imageauth", "check", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_answers_come_before_everything_was_decoded(folder: Path) -> None:
    """Slow files hold back nobody: Ctrl-C while large ones are decoded shows the answers so far and ends at once."""
    large = Image.fromarray(drawn(5000, 4000))
    large.save(folder / "z0.png", compress_level=1)
    data = (folder / "z0.png").read_bytes()
    for index in range(1, 60):
        (folder / f"z{index}.png").write_bytes(data)
    process = checking(folder)
    assert process.stdout is not None
    assert "a.png" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    _, err = process.communicate(timeout=60)
    assert time.monotonic() - begun < 5
    assert process.returncode == 130
    assert err.startswith("imageauth: stopped after ")


def test_interrupted_standard_input_ends(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "imageauth", "check", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    assert process.stderr.readline() == "imageauth: stopped after 0 files\n"
    assert process.wait(10) == 130


def test_progress_bar_for_many_files(folder: Path) -> None:
    for index in range(40):
        Image.fromarray(drawn(seed=index)).save(folder / f"{index}.png")
    seen = in_a_terminal("check", folder)
    assert "checking" in seen
    assert seen.count("39.png") == 1


def test_interrupt_ends_quietly(folder: Path) -> None:
    data = (folder / "a.png").read_bytes()
    for index in range(20_000):
        (folder / f"{index}.png").write_bytes(data)
    process = checking(folder)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    begun = time.monotonic()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert time.monotonic() - begun < 20
    assert "Traceback" not in err
    assert "stopped after" in err
    assert all("  " in line for line in out.splitlines())


def test_a_closed_pipe_ends_quietly(folder: Path) -> None:
    data = (folder / "a.png").read_bytes()
    for index in range(3000):
        (folder / f"{index}.png").write_bytes(data)
    command = f"{sys.executable} -m imageauth check {folder} | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1
