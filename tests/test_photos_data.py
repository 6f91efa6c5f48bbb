"""``imageauth data photos``: every picture once, in one fold with its like; nothing leads out of the folder."""

import hashlib
import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from imageauth.cli import app
from imageauth.errors import DataError
from imageauth.evaluation.dataset import find_images
from imageauth.training import storing
from imageauth.training.photos import probes
from imageauth.training.photos.grouping import family, folds, groups
from imageauth.training.photos.prepare import prepare
from imageauth.training.photos.tables import COLUMNS, FILE_NAME, Row, load, read_table, save
from tests.conftest import Disk


def picture(seed: int, form: str = "PNG", side: int = 64, **options: int) -> bytes:
    """Unlike that of any other seed, coarse and fine."""
    rng = np.random.default_rng(seed)
    coarse, fine = (
        np.asarray(Image.fromarray(rng.integers(0, 256, (n, n, 3), np.uint8)).resize((side, side), 3), np.float32)
        for n in (4, 14)
    )
    out = io.BytesIO()
    Image.fromarray((0.6 * coarse + 0.4 * fine).astype(np.uint8)).save(out, form, **options)
    return out.getvalue()


def row(data: bytes, label: str, source: str, **changes: str) -> dict[str, str]:
    sha256 = hashlib.sha256(data).hexdigest()
    cells = {
        "file": f"{label}/{source}/{sha256[:16]}.jpg",
        "label": label,
        "source": source,
        "generator_or_device": "camera" if label == "real" else "some generator",
        "kind": "photo",
        "repo": f"{source.split('_')[0]}/things",
        "commit": "0" * 40,
        "path_in_repo": "a picture.png",
        "licence": "unclear",
        "sha256": sha256,
        "w": "64",
        "h": "64",
        "fold": "0",
    }
    return {**cells, **changes}


@dataclass
class Source:
    """A folder with a table, a pack and native files."""

    folder: Path
    rows: list[dict[str, str]] = field(default_factory=list)
    views: dict[str, bytes] = field(default_factory=dict)

    def add(self, data: bytes, label: str, source: str, *, native: bool = True, **changes: str) -> dict[str, str]:
        cells = row(data, label, source, **changes)
        self.rows.append(cells)
        if native:
            (self.folder / "native" / cells["sha256"]).write_bytes(data)
        with Image.open(io.BytesIO(data)) as opened:
            out = io.BytesIO()
            opened.convert("RGB").resize((256, 256)).save(out, "JPEG")
        self.views[f"whole/{cells['file']}"] = out.getvalue()
        return cells

    def write(self) -> list[Path]:
        lines = ["\t".join(COLUMNS), *("\t".join(cells[name] for name in COLUMNS) for cells in self.rows)]
        (self.folder / "packed" / "photos.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        with tarfile.open(self.folder / "packed" / "photos.tar.xz", "w:xz") as tar:
            for name, data in self.views.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        return [self.folder / "packed", self.folder / "native"]


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Six sources a class in three folds, four pictures each: PNG, JPEG, WebP, and one without a native file."""
    made = Source(tmp_path / "source")
    for name in ("packed", "native"):
        (made.folder / name).mkdir(parents=True)
    seed = 0
    for label in ("real", "fake"):
        for number in range(6):
            for at, form in enumerate(("PNG", "JPEG", "WEBP", "PNG")):
                made.add(picture(seed, form), label, f"{label}{number}_pictures", native=at != 3, fold=str(number % 3))
                seed += 1
    return made


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def finished(to: Path, sources: list[Path]) -> str:
    save(to, prepare(to, sources).photos)
    return (to / FILE_NAME).read_text()


def test_native_files_and_views_stand_in_their_class(source: Source, tmp_path: Path) -> None:
    done = prepare(tmp_path / "out", source.write())
    assert (len(done.photos), done.left_out, done.repeated, done.copies) == (48, (), 0, ())
    assert sum(photo.native for photo in done.photos) == 36
    for photo, cells in zip(done.photos, source.rows, strict=True):
        data = (tmp_path / "out" / photo.file).read_bytes()
        if photo.native:
            assert hashlib.sha256(data).hexdigest() == cells["sha256"]
        else:
            assert data == source.views[f"whole/{cells['file']}"]
        assert photo.file.startswith(f"{'REAL' if cells['label'] == 'real' else 'FAKE'}/{cells['source']}/")
        assert Image.open(tmp_path / "out" / photo.file).format == {
            ".png": "PNG", ".jpg": "JPEG", ".webp": "WEBP"
        }[Path(photo.file).suffix]  # fmt: skip
    assert len(find_images(tmp_path / "out").items) == 48
    save(tmp_path / "out", done.photos)
    assert load(tmp_path / "out") == done.photos


def test_a_family_an_owner_and_a_source_stay_together() -> None:
    def made(seed: int, source: str, made_by: str, owner: str, fold: int, label: str = "fake") -> Row:
        cells = row(bytes([seed]), label, source, generator_or_device=made_by, repo=f"{owner}/x")
        return Row(**{**cells, "w": 1, "h": 1, "fold": fold})  # type: ignore[arg-type]

    rows = [
        made(0, "a_dalle2", "DALL-E 2", "anna", 1),
        made(1, "b_bing", "Bing Image Creator (DALL-E 3)", "bob", 2),
        made(2, "c", "DALL·E mini", "Anna", 1),
        made(3, "tpdne_faces", "unknown", "carl", 0),
        made(4, "gpt4o_x", "GPT-4o image", "anna", 3),
        made(5, "x", "Gemini 3 Pro Image", "dora", 3),
        made(6, "shared", "Flux", "emil", 4),  # one source, two owners; the second has another source
        made(7, "shared", "Flux", "fred", 5),
        made(8, "freds", "SDXL", "fred", 5),
        made(9, "anna_mj", "Midjourney", "anna", 1),
        made(10, "dalle_museum", "camera", "gina", 0, label="real"),
    ]
    families = ["dalle", "dalle", "dalle", "stylegan", "gptimage", "nanobanana", "", "", "", "", ""]
    assert [family(one) for one in rows] == families
    grouped = groups(rows)
    assert grouped[6] == grouped[7] == grouped[8] == "@fred"
    assert grouped[9:] == ["@anna", "@gina"]
    assert folds(rows, grouped) == [1, 1, 1, 0, 3, 3, 5, 5, 5, 1, 0]


def test_no_near_copy_stands_in_two_folds(source: Source, tmp_path: Path) -> None:
    first = source.rows[0]
    source.add(picture(0, "JPEG", quality=85), "fake", "fake1_pictures", fold="1")  # a copy, other label, other fold
    source.add(picture(0, "JPEG", quality=70), "real", "real0_pictures", fold="0")  # a copy in the same fold
    source.add(picture(0, "JPEG", quality=60), "real", "real2_pictures", fold="2", native=False)
    source.rows.append(dict(first, source="real1_pictures", file=first["file"].replace("real0", "real1")))
    done = prepare(tmp_path / "out", source.write())
    assert {copy.source for copy, _ in done.copies} == {"fake1_pictures", "real2_pictures"}
    assert {other.fold for _, other in done.copies} == {0}
    assert (len(done.photos), done.repeated) == (49, 1)
    assert names(tmp_path / "out") == {photo.file for photo in done.photos}


def test_what_is_damaged_is_left_out_or_seen_through_the_pack(source: Source, tmp_path: Path) -> None:
    natives = source.folder / "native"
    (natives / source.rows[0]["sha256"]).write_bytes(picture(1000))  # another picture under its name
    cut = picture(2000)[:200]
    source.rows.append(row(cut, "real", "real0_pictures"))
    (natives / source.rows[-1]["sha256"]).write_bytes(cut)
    source.views[f"whole/{source.rows[3]['file']}"] = b"no picture"
    done = prepare(tmp_path / "out", source.write())
    stems = [f"REAL/real0_pictures/{source.rows[at]['sha256'][:16]}" for at in (0, -1, 3, -1)]
    assert [line.split(":")[0] for line in done.left_out] == stems
    assert "SHA-256 differs" in done.left_out[0]
    assert "damaged" in done.left_out[1]
    assert "neither" in done.left_out[3]
    by_sha = {photo.sha256: photo for photo in done.photos}
    assert not by_sha[source.rows[0]["sha256"]].native
    assert source.rows[3]["sha256"] not in by_sha
    assert len(done.photos) == 47


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"source": "../../up"}, "no source"),
        ({"source": ".."}, "no source"),
        ({"source": "a/b"}, "no source"),
        ({"source": "x" * 100}, "no source"),
        ({"label": "REAL"}, "neither real nor fake"),
        ({"file": "real/x/../../evil.jpg"}, "not called"),
        ({"sha256": "A" * 64}, "no sha256"),
        ({"fold": "-1"}, "no fold"),
        ({"fold": "٣"}, "no fold"),
        ({"w": "9" * 5000}, "longer than"),
        ({"w": "9999999"}, "no w"),
        ({"repo": "nothing"}, "no repo"),
        ({"kind": "a b"}, "no kind"),
        ({"licence": "x" * 5000}, "longer than"),
        ({"licence": "a\tb"}, "number of columns"),
        ({"source": "\x1b[31m"}, "no source"),
    ],
)
def test_a_hostile_line_is_left_out_in_one_line(
    changes: dict[str, str], reason: str, source: Source, tmp_path: Path
) -> None:
    source.rows.append({**row(b"x", "real", "real0_pictures"), **changes})
    done = prepare(tmp_path / "deep" / "out", source.write())
    assert len(done.photos) == 48
    (line,) = done.left_out
    assert reason in line
    assert "line 50" in line
    assert line.isprintable()
    assert all(name.split("/")[0] in ("REAL", "FAKE") for name in names(tmp_path / "deep" / "out"))


def test_members_of_a_pack_cannot_escape_and_cannot_be_giant(source: Source, tmp_path: Path) -> None:
    wanted = next(name for name in source.views if source.rows[3]["sha256"][:16] in name)
    source.views = {f"../{wanted}": b"x", f"/{wanted}": b"y", **source.views}
    assert len(prepare(tmp_path / "deep" / "out", source.write()).photos) == 48
    assert {path.name for path in tmp_path.iterdir()} == {"source", "deep"}
    source.views[wanted] = bytes(2**20 + 1)
    with pytest.raises(DataError, match="larger than any view"):
        prepare(tmp_path / "other", source.write())


def test_what_is_no_source_is_refused(source: Source, tmp_path: Path) -> None:
    packed, native = source.write()
    other = tmp_path / "other.tsv"
    other.write_text("a\tb\n1\t2\n")
    (tmp_path / "text").write_text("hello")
    (tmp_path / "latin.tsv").write_bytes(b"\xff\xfe")
    for sources, reason in (
        ([tmp_path / "none"], "does not exist"),
        ([native], "there is no table"),
        ([tmp_path / "text"], "neither a table"),
        ([packed, other], "its columns are not"),
        ([tmp_path / "latin.tsv"], "not UTF-8"),
        ([packed / "photos.tsv"], "do not hold pictures of both"),
    ):
        with pytest.raises(DataError, match=reason) as caught:
            prepare(tmp_path / "out", sources)
        assert "\n" not in str(caught.value)
    with pytest.raises(DataError, match="folder that they come from"):
        prepare(packed, [packed, native])
    cut = packed / "photos.tar.xz"
    cut.write_bytes(cut.read_bytes()[:-200])
    with pytest.raises(DataError, match="damaged or cut short"):
        prepare(tmp_path / "out", [packed, native])
    assert not (tmp_path / "out" / FILE_NAME).exists()


def test_the_same_command_finishes_mends_and_changes_nothing_twice(source: Source, tmp_path: Path) -> None:
    sources, out = source.write(), tmp_path / "out"
    text = finished(out, sources)
    times = {name: (out / name).stat().st_mtime_ns for name in names(out)}
    prepare(out, sources)
    assert {name: (out / name).stat().st_mtime_ns for name in names(out)} == times
    damaged = load(out)[0].file
    (out / damaged).write_bytes(b"damaged")
    prepare(out, sources)
    assert not (out / FILE_NAME).exists()  # something changed: the caller writes it anew
    assert finished(out, sources) == text
    # A native file that was not there before replaces the view.
    view = next(photo for photo in load(out) if not photo.native)
    data = picture(3)
    assert hashlib.sha256(data).hexdigest() == view.sha256
    (sources[1] / view.sha256).write_bytes(data)
    finished(out, sources)
    assert next(photo for photo in load(out) if photo.sha256 == view.sha256).file == view.file.replace(".jpg", ".png")
    assert not (out / view.file).exists()


def test_a_full_disk_is_one_line_and_the_same_command_goes_on(
    source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources, out = source.write(), tmp_path / "out"
    monkeypatch.setattr(storing, "write_atomically", Disk(20))
    arguments = ["data", "photos", "--no-probes", "--to", str(out)]
    arguments += [word for path in sources for word in ("--from", str(path))]
    full = CliRunner().invoke(app, arguments)
    assert full.exit_code == 2
    assert full.stderr == (
        f"imageauth: {out} cannot be written: No space left on device. Once it can, the same command goes on\n"
    )
    assert len(names(out)) == 20
    monkeypatch.undo()
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "48 files are ready" in done.stdout
    assert not list(out.rglob("*.part"))


def test_the_command_with_probes(source: Source, tmp_path: Path) -> None:
    sources, out = source.write(), tmp_path / "out"
    source.rows.append({**row(b"x", "real", "real0_pictures"), "fold": "none"})
    source.write()
    arguments = ["data", "photos", "--to", str(out)] + [word for path in sources for word in ("--from", str(path))]
    done = CliRunner().invoke(app, arguments)
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert "| JPEG history of the native files | 24 |" in done.stdout
    assert "in training: crops | 0 | – |" in done.stdout  # 64 pixels have none
    assert "36 (75.0%) are native files" in done.stdout
    again = CliRunner().invoke(app, arguments)
    assert again.stdout == done.stdout


def test_probes_see_shortcuts_and_what_laundering_leaves(source: Source, tmp_path: Path) -> None:
    source.rows, source.views = [], {}
    for number in range(24):
        label = "fake" if number % 2 else "real"
        options = {} if label == "fake" else {"quality": 60}
        data = picture(number, "JPEG" if label == "real" else "PNG", 300, **options)
        source.add(data, label, f"{label}{number}", fold=str(number // 2 % 3))
    done = prepare(tmp_path / "out", source.write())
    found = probes.probe(tmp_path / "out", done.photos)
    assert found["headers"]["auroc"]["headers"] == 1
    assert found["history"]["auroc"] > 0.95
    assert {name: result["n"] for name, result in found["laundered"].items()} == {
        "whole": 24, "crops": 24, "crops, degraded": found["laundered"]["crops, degraded"]["n"]
    }  # fmt: skip
    assert found["headers"]["folds"] == 3
    assert json.loads((tmp_path / "out" / probes.FILE_NAME).read_text()) == found
    seen: list[int] = []
    again = probes.probe(tmp_path / "out", done.photos, progress=lambda at, total: seen.append(at))
    assert (again, seen) == (found, [])


@pytest.mark.shared
def test_the_real_tables_read_whole(shared: Path) -> None:
    wrong: list[str] = []
    rows = [
        one for name in ("photos", "photos2") for one in read_table(shared / "photos" / f"{name}.tsv", wrong.append)
    ]
    assert (len(rows), wrong) == (8259, [])
    grouped = groups(rows)
    by_group: dict[str, set[int]] = {}
    for group, fold in zip(grouped, folds(rows, grouped), strict=True):
        by_group.setdefault(group, set()).add(fold)
    assert all(len(where) == 1 for where in by_group.values())
