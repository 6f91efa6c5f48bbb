"""A scan loses nothing and doubles nothing, whatever happens to it."""

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from imageauth.errors import ImageAuthError
from imageauth.report import Failure
from imageauth.scan.items import BytesSource, FileSource, Item
from imageauth.scan.results import open_results
from imageauth.scan.rows import COLUMNS, SCHEMA, Row, flat, nested, stable_name
from imageauth.scan.scanning import Again, scan
from imageauth.scan.settings import Checking
from tests.conftest import drawn

FORMS = ("jsonl", "csv", "parquet")
QUICK = Checking(None)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ninety thumbnails, of which three are copies and two are broken."""
    folder = tmp_path_factory.mktemp("pictures")
    for index in range(85):
        Image.fromarray(drawn(seed=index)).save(folder / f"{index:03}.png")
    for index in range(3):
        shutil.copy(folder / f"{index:03}.png", folder / f"copy-{index}.png")
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("no picture")
    return folder


def items(folder: Path) -> list[Item]:
    found = []
    for path in sorted(folder.iterdir()):
        about = path.stat()
        found.append(Item(str(path), FileSource(str(path)), about.st_size, about.st_mtime_ns))
    return found


def rows_of(path: Path) -> list[Row]:
    """As another program reads them."""
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as stream:
            return list(csv.DictReader(stream))
    import pyarrow.parquet

    rows: list[Row] = pyarrow.parquet.read_table(path).to_pylist()
    return rows


def command(*arguments: Any) -> list[str]:
    return [sys.executable, "-m", "imageauth", "scan", *map(str, arguments)]


@pytest.mark.parametrize("form", FORMS)
def test_every_input_has_one_row_in_order(pictures: Path, tmp_path: Path, form: str) -> None:
    out = tmp_path / f"results.{form}"
    summary = scan(items(pictures), out, checking=QUICK, workers=2)
    rows = rows_of(out)
    assert [row["file"] for row in rows] == [item.name for item in items(pictures)]
    copies = {Path(row["file"]).name: row["duplicate_of"] for row in rows if row["duplicate_of"]}
    assert copies == {f"copy-{index}.png": str(pictures / f"{index:03}.png") for index in range(3)}
    assert (summary.checked, summary.errors, summary.duplicates) == (88, {"empty": 1, "unsupported-format": 1}, 3)


def test_the_number_of_workers_changes_nothing(pictures: Path, tmp_path: Path) -> None:
    written = []
    for workers in (1, 3):
        scan(items(pictures), tmp_path / f"{workers}.jsonl", checking=Checking("cifake"), workers=workers)
        written.append((tmp_path / f"{workers}.jsonl").read_bytes())
    assert written[0] == written[1]


def test_rows_are_what_check_says(pictures: Path, tmp_path: Path) -> None:
    scan(items(pictures)[:5], tmp_path / "r.jsonl", checking=Checking("cifake"))
    for row in rows_of(tmp_path / "r.jsonl"):
        done = subprocess.run(
            [sys.executable, "-m", "imageauth", "check", row["file"], "--json", "--model", "cifake"],
            capture_output=True,
            check=True,
        )
        report = json.loads(done.stdout)
        assert {key: row[key] for key in report if key != "schema"} == {
            k: v for k, v in report.items() if k != "schema"
        }


@pytest.mark.parametrize("form", FORMS)
def test_kill_at_any_moment_and_resume(pictures: Path, tmp_path: Path, form: str) -> None:
    out = tmp_path / f"results.{form}"
    subprocess.run(command(pictures, "--out", tmp_path / f"whole.{form}", "--model", "cifake", "--quiet"), check=False)
    chance = random.Random(form)
    for _ in range(10 if form == "jsonl" else 5):
        process = subprocess.Popen(
            command(pictures, "--out", out, "--resume", "--model", "cifake", "--workers", 2),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(chance.uniform(0.2, 2.0))
            break
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
    done = subprocess.run(
        command(pictures, "--out", out, "--resume", "--model", "cifake"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1, done.stderr  # two files are broken
    assert sorted(rows_of(out), key=str) == sorted(rows_of(tmp_path / f"whole.{form}"), key=str)


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_torn_tail_is_cut_off(pictures: Path, tmp_path: Path, form: str) -> None:
    """As after a power cut, which may leave any part of what was not flushed, or zeros in its place."""
    whole = tmp_path / f"whole.{form}"
    scan(items(pictures), whole, checking=QUICK)
    data = whole.read_bytes()
    with closing(open_results(whole)) as results:
        starts = [position for position, _ in results.rows()] + [len(data)]
    chance = random.Random(1)
    for index in range(60):
        out = tmp_path / f"{index}.{form}"
        cut = chance.randrange(len(data))
        out.write_bytes(data[:cut] + b"\0" * chance.choice((0, 0, 100)))
        with closing(open_results(out)) as results:
            assert results.end == max([start for start in starts if start <= cut], default=starts[0]), cut
        assert data.startswith(out.read_bytes())
        if index % 20 == 0:
            if index:  # the index may have survived, and be ahead
                shutil.copy(tmp_path / f".whole.{form}.index", tmp_path / f".{out.name}.index")
            scan(items(pictures), out, checking=QUICK, workers=1, again=Again(resume=True))
            assert out.read_bytes() == data, cut


@pytest.mark.parametrize("form", FORMS)
def test_a_full_disk_keeps_what_was_written(
    pictures: Path, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imageauth.scan import results

    out = tmp_path / f"results.{form}"
    opened = results.open_results(out)
    sync, room = os.fsync, [3]

    def full(descriptor: int) -> None:
        room[0] -= 1
        if room[0] < 0:
            raise OSError(28, "No space left on device")
        sync(descriptor)

    opened.close()
    monkeypatch.setattr(os, "fsync", full)
    monkeypatch.setattr("imageauth.scan.results.table.Results.interval", 0.0)
    monkeypatch.setattr("imageauth.scan.results.parquet.Parquet.interval", 0.0)
    with pytest.raises(OSError, match="No space left"):
        scan(items(pictures), out, checking=QUICK, workers=1, again=Again(resume=True))
    monkeypatch.setattr(os, "fsync", sync)
    kept = rows_of(out)
    assert [row["file"] for row in kept] == [item.name for item in items(pictures)][: len(kept)]
    scan(items(pictures), out, checking=QUICK, again=Again(resume=True))
    assert [row["file"] for row in rows_of(out)] == [item.name for item in items(pictures)]


class Deadly:
    """A source that ends the process that reads it."""

    def read(self) -> bytes:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    def sidecar(self) -> bytes | None:
        return None


def test_an_image_that_kills_its_worker_costs_only_itself(pictures: Path, tmp_path: Path) -> None:
    wanted: list[Item | Failure] = [*items(pictures)]
    wanted.insert(40, Item("deadly.png", Deadly()))
    summary = scan(wanted, tmp_path / "r.jsonl", checking=QUICK, workers=2)
    rows = rows_of(tmp_path / "r.jsonl")
    assert len(rows) == 91
    assert len({row["file"] for row in rows}) == 91
    assert summary.errors["crashed"] == 1
    assert next(row for row in rows if row["file"] == "deadly.png")["error"]["code"] == "crashed"


def test_a_worker_killed_from_outside_loses_nothing(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    process = subprocess.Popen(command(pictures, "--out", out, "--model", "cifake"), stdout=subprocess.DEVNULL)
    killed = 0
    while process.poll() is None and killed < 2:
        time.sleep(0.4)
        for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
            if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes():
                os.kill(int(child), signal.SIGKILL)
                killed += 1
                break
    assert process.wait(60) == 1
    assert killed
    rows = rows_of(out)
    assert sorted(row["file"] for row in rows) == [item.name for item in items(pictures)]
    assert sum("error" in row for row in rows) == 2


def test_a_changed_file_is_checked_again_and_the_old_row_goes(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(4):
        Image.fromarray(drawn(seed=index)).save(folder / f"{index}.png")
    out = tmp_path / "r.jsonl"
    scan(items(folder), out, checking=QUICK)
    before = rows_of(out)
    Image.fromarray(drawn(40, 40, seed=9)).save(folder / "1.png")
    scan(items(folder), out, checking=QUICK, again=Again(resume=True))
    after = rows_of(out)
    assert sorted(row["file"] for row in after) == [row["file"] for row in before]
    assert {row["file"]: row["width"] for row in after}[str(folder / "1.png")] == 40
    assert [row for row in after if row["width"] != 40] == [row for row in before if "1.png" not in row["file"]]


def test_a_touched_file_is_no_copy_of_itself(tmp_path: Path) -> None:
    picture = tmp_path / "p.png"
    Image.fromarray(drawn()).save(picture)
    out = tmp_path / "r.jsonl"
    for modified in (1, 2):
        wanted = [Item("p.png", FileSource(str(picture)), 10, modified)]
        scan(wanted, out, checking=QUICK, again=Again(resume=True))
    (row,) = rows_of(out)
    assert (row["duplicate_of"], row["modified"]) == (None, 2)


def test_another_model_is_refused_or_checked_again(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    scan(items(pictures)[:6], out, checking=QUICK)
    with pytest.raises(ImageAuthError, match="set of plug-ins \\(no model; policy standard\\)"):
        scan(items(pictures)[:6], out, checking=Checking("photo"), again=Again(resume=True))
    scan(items(pictures)[:6], out, checking=Checking("cifake"), again=Again(resume=True, otherwise=True))
    rows = rows_of(out)
    assert len(rows) == 6
    assert {row["produced_by"]["model"] for row in rows} == {"cifake 4"}


def test_failures_are_tried_again_when_asked(tmp_path: Path) -> None:
    missing = tmp_path / "later.png"
    wanted = [Item(str(missing), FileSource(str(missing)))]
    out = tmp_path / "r.jsonl"
    assert scan(wanted, out, checking=QUICK).errors == {"unreadable": 1}
    Image.fromarray(drawn()).save(missing)
    assert scan(wanted, out, checking=QUICK, again=Again(resume=True)).errors == {"unreadable": 1}
    assert scan(wanted, out, checking=QUICK, again=Again(resume=True, failed=True)).checked == 1
    assert len(rows_of(out)) == 1


def test_credentials_beside_a_file_make_it_no_copy(tmp_path: Path) -> None:
    for name in ("a", "b"):
        Image.fromarray(drawn()).save(tmp_path / f"{name}.png")
    (tmp_path / "b.c2pa").write_bytes(b"something")
    wanted = [Item(name, FileSource(str(tmp_path / name))) for name in ("a.png", "b.png")]
    scan(wanted, tmp_path / "r.jsonl", checking=QUICK)
    rows = rows_of(tmp_path / "r.jsonl")
    assert [row["duplicate_of"] for row in rows] == [None, None]
    assert "sidecar_sha256" in rows[1]


@pytest.mark.parametrize("form", FORMS)
def test_names_survive_every_form(tmp_path: Path, form: str) -> None:
    png = tmp_path / "p.png"
    Image.fromarray(drawn()).save(png)
    names = [
        "plain.png",
        "with,comma \"and\" 'quotes'.png",
        "two\nlines\r\n.png",
        "ünï🙂.png",
        "\udcff\udcfe.png",
        "=1+1.png",
    ]
    wanted = [Item(name, BytesSource(png.read_bytes() + bytes([index]))) for index, name in enumerate(names)]
    out = tmp_path / f"r.{form}"
    scan(wanted, out, checking=QUICK)
    assert [row["file"] for row in rows_of(out)] == [stable_name(name) for name in names]
    again = scan(wanted, out, checking=QUICK, again=Again(resume=True))
    assert again.checked == len(names)
    (tmp_path / f".{out.name}.index").unlink()
    assert scan(wanted, out, checking=QUICK, again=Again(resume=True)).checked == len(names)


def test_names_are_stable() -> None:
    assert stable_name("a/b.png") == "a/b.png"
    assert stable_name("@x.png") == "./@x.png"
    assert stable_name("\udcff.png") == "\\xff.png"


def test_flat_rows_turn_back(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    scan(items(pictures), out, checking=QUICK)
    for row in rows_of(out):
        assert tuple(flat(row)) == tuple(COLUMNS)
        assert nested(flat(row)) == row


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("notes.jsonl", b'{"note": 1}\n', "does not hold results"),
        ("other.csv", b"a,b\n1,2\n", "does not begin like results"),
        ("text.jsonl", b"no results at all", "does not hold results"),
    ],
)
def test_another_file_is_never_touched(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    out = tmp_path / name
    out.write_bytes(content)
    for again in (Again(), Again(resume=True)):
        with pytest.raises(ImageAuthError, match="exists" if not again.resume else message):
            scan([], out, checking=QUICK, again=again)
    assert out.read_bytes() == content


def test_damage_in_the_middle_is_told(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    scan(items(pictures), out, checking=QUICK)
    lines = out.read_bytes().splitlines(keepends=True)
    lines[5] = b"garbage\n"
    out.write_bytes(b"".join(lines))
    (tmp_path / ".r.jsonl.index").unlink()
    with pytest.raises(ImageAuthError, match="damaged at byte"):
        scan(items(pictures), out, checking=QUICK, again=Again(resume=True))
    assert out.read_bytes() == b"".join(lines)


@pytest.mark.parametrize("form", FORMS)
def test_two_scans_cannot_write_to_the_same_results(pictures: Path, tmp_path: Path, form: str) -> None:
    out = tmp_path / f"r.{form}"
    scan(items(pictures)[:5], out, checking=QUICK, workers=1)
    held = open_results(out)
    for _ in range(2):
        with pytest.raises(ImageAuthError, match="another scan"):
            scan(items(pictures), out, checking=QUICK, workers=1, again=Again(resume=True))
        held.keep(lambda position: True)  # a new file or folder in the place of the old one is held as well
    held.close()
    assert scan(items(pictures)[:5], out, checking=QUICK, workers=1, again=Again(resume=True))
    assert len(rows_of(out)) == 5


def test_parquet_survives_a_crash_while_it_is_written_anew(pictures: Path, tmp_path: Path) -> None:
    """The process ends before one of the seven changes to the disk that :meth:`Results.keep` makes."""
    whole = tmp_path / "r.parquet"
    scan(items(pictures), whole, checking=QUICK, workers=1)
    before = [row["file"] for row in rows_of(whole)]
    folders = [tmp_path / str(stop) for stop in range(8)]
    for folder in folders:
        shutil.copytree(whole, folder / "r.parquet")
        shutil.copy(tmp_path / ".r.parquet.index", folder)
    done = subprocess.run([sys.executable, "-c", CRASHES, *folders], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["9"] * 7 + ["0"]
    for stop, folder in enumerate(folders):
        out = folder / "r.parquet"
        with pytest.raises(ImageAuthError, match="exists"):
            scan([], out, checking=QUICK, workers=1)
        with closing(open_results(out)) as results:
            assert [row["file"] for _, row in results.rows()] == (before if stop < 4 else before[1:])
        assert {path.name for path in folder.iterdir()} == {"r.parquet", ".r.parquet.index"}
    scan(items(pictures), tmp_path / "4" / "r.parquet", checking=QUICK, workers=1, again=Again(resume=True))
    assert sorted(row["file"] for row in rows_of(tmp_path / "4" / "r.parquet")) == sorted(before)


CRASHES = """
import os, pathlib, sys
import pyarrow.parquet
from imageauth.scan.results import open_results
def counted(change):
    def changing(*arguments, **options):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        return change(*arguments, **options)
    return changing
for left, folder in enumerate(sys.argv[1:]):
    if child := os.fork():
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
        continue
    results = open_results(pathlib.Path(folder) / "r.parquet")
    for name in ("mkdir", "rename", "replace", "unlink", "rmdir"):
        setattr(pathlib.Path, name, counted(getattr(pathlib.Path, name)))
    results.keep(lambda position: position > 0)
    os._exit(0)
"""


def test_what_is_no_scans_is_not_removed(tmp_path: Path) -> None:
    out, other = tmp_path / "r.parquet", tmp_path / "r.parquet.old"
    other.mkdir()
    (other / "letter.txt").write_text("mine")
    out.mkdir()
    for _ in range(2):
        with pytest.raises(ImageAuthError, match=r"r\.parquet\.old is in the way .* holds letter\.txt; move it"):
            open_results(out)
    assert (other / "letter.txt").read_text() == "mine"


def test_parquet_parts_are_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imageauth.scan.results.parquet._ROWS", 10)
    out = tmp_path / "r.parquet"
    results = open_results(out)
    head = {"schema": SCHEMA, "size": 1, "modified": 2, "duplicate_of": None}
    made = [head | {"file": str(n), "error": {"code": "empty", "message": "is empty"}} for n in range(27)]
    for row in made:
        (position,) = results.add([row])
        results.commit()
        assert results.read(position) == row
    assert [row for _, row in results.rows()] == made
    assert [position for position, _ in results.rows(12)] == list(range(12, 27))
    assert len(list(out.iterdir())) < 10
    results.close()
    assert open_results(out).end == 27


def test_the_command(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "r.jsonl"
    done = subprocess.run(command(pictures, "--out", out, "--no-pixels"), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "90 images checked" in done.stdout
    assert "? inconclusive" in done.stdout
    assert "3 of them are copies" in done.stdout
    assert not done.stderr
    again = subprocess.run(
        command(pictures, "--out", out, "--no-pixels", "--resume", "--quiet", "--fail-on", "inconclusive"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (again.returncode, again.stdout, again.stderr) == (3, "", "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("x.png", "--out", "r.txt"), "ends with .jsonl, .csv or .parquet"),
        (("x.png", "--out", "no/such/folder/r.jsonl"), "No such file"),
        (("x.png", "--out", "r.jsonl", "--model", "nonsense"), "there is no model 'nonsense'"),
        (("x.png", "--out", "r.jsonl", "--workers", "0"), "--workers"),
        (("x.png",), "--out"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = subprocess.run(command(*arguments), capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(400):
        Image.fromarray(drawn(seed=index)).save(folder / f"{index:03}.png")
    out = tmp_path / "r.jsonl"
    process = subprocess.Popen(command(folder, "--out", out), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not (out.exists() and out.stat().st_size):
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume goes on" in said
    assert 0 < len(rows_of(out)) <= 400


def test_damaged_weights_are_an_error_and_no_row(pictures: Path, tmp_path: Path) -> None:
    from imageauth.models import find_model

    model = tmp_path / "model"
    shutil.copytree(find_model("cifake"), model)
    (model / "model.tflite").write_bytes(b"damaged")
    done = subprocess.run(
        command(pictures, "--out", tmp_path / "r.jsonl", "--model", model), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "not the file that its card describes" in done.stderr
    assert not (tmp_path / "r.jsonl").read_bytes()


def test_a_model_whose_errors_nobody_knows(pictures: Path, tmp_path: Path) -> None:
    from imageauth.models import find_model

    model = tmp_path / "model"
    shutil.copytree(find_model("cifake"), model)
    card = json.loads((model / "card.json").read_text(encoding="utf-8"))
    del card["figures"]["accuracy_on_decided"]
    (model / "card.json").write_text(json.dumps(card), encoding="utf-8")
    done = subprocess.run(
        command(pictures, "--out", tmp_path / "r.jsonl", "--model", model), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (1, "")
    assert "expected to be wrong" not in done.stdout
