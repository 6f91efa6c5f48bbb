"""Results read back, from every form, without touching them."""

import tracemalloc
from pathlib import Path

import pytest

from imageauth.errors import ImageAuthError
from imageauth.scan import reading
from imageauth.scan.reading import read_rows
from tests.scan_rows import HOSTILE, failed, row, write, write_lines

FORMS = ("jsonl", "csv", "parquet")
ROWS = [
    row("a.jpg"),
    row("b, \"quoted\"\r\nand broken.jpg", "likely-real", 0.02, perceptual_hash="ab" * 32),
    failed("c.jpg"),
    row(HOSTILE, "inconclusive", None, duplicate_of="a.jpg"),
]  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_rows_come_back_as_they_were(form: str, tmp_path: Path) -> None:
    results = write(tmp_path / f"results.{form}", ROWS)
    assert list(read_rows(results)) == ROWS


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_torn_last_row_is_left_out_and_told(form: str, tmp_path: Path) -> None:
    results = write(tmp_path / f"results.{form}", ROWS)
    whole = results.read_bytes()
    for cut in (2, 10, 100, 200):
        results.write_bytes(whole[:-cut])
        told: list[str] = []
        assert list(read_rows(results, torn=told.append)) == ROWS[:-1]
        assert "cut short" in told[0]
        assert results.read_bytes() == whole[:-cut]


def test_parts_that_are_still_written_are_left_alone(tmp_path: Path) -> None:
    results = write(tmp_path / "results.parquet", ROWS)
    (results / "part-000000000004.tmp").write_bytes(b"PAR1")
    assert len(list(read_rows(results))) == 4


def test_a_single_parquet_file(tmp_path: Path) -> None:
    results = write(tmp_path / "results.parquet", ROWS)
    assert list(read_rows(next(results.iterdir()))) == ROWS


def test_results_are_read_while_a_scan_holds_them(tmp_path: Path) -> None:
    from contextlib import closing

    from imageauth.scan.results import open_results

    with closing(open_results(tmp_path / "results.jsonl")) as results:
        results.add(ROWS[:1])
        results.commit()
        assert list(read_rows(tmp_path / "results.jsonl")) == ROWS[:1]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.jsonl", b'{"schema":"imageauth/report/1","file":"a","verdict":"likely-ai"}\n', "'imageauth/report/1'"),
        ("a.jsonl", b'{"file":"a"}\n', "schema none"),
        ("a.jsonl", b'{"schema":"imageauth/scan/1","verdict":"likely-ai"}\n', "which file"),
        ("a.jsonl", b'{"schema":"imageauth/scan/1","file":"a"}\n', "neither a verdict nor an error"),
        ("a.jsonl", b"[1]\n", "no JSON object"),
        ("a.jsonl", b"\xff\xfe\n{}\n", "line 1"),
        ("a.jsonl", b"[" * 100_000 + b"\n", "line 1"),
        ("a.csv", b"name,verdict\na,b\n", "columns are not those"),
        ("a.csv", b"file,verdict,error_code,probability\na,likely-ai,,much\n", "line 2"),
        ("a.csv", b"file,verdict,error_code\na,likely-ai\n", "2 columns, not 3"),
        ("a.csv", b"file,verdict,error_code,evidence\na,likely-ai,,{[\n", "line 2"),
        ("a.parquet", b"PAR1 and nothing else", "damaged or no Parquet"),
        ("missing.jsonl", None, "No such file"),
        ("missing.csv", None, "No such file"),
        ("missing.parquet", None, "No such file"),
    ],
)
def test_what_is_no_result_is_refused_in_one_line(name: str, content: bytes | None, said: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ImageAuthError) as error:
        list(read_rows(tmp_path / name))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_other_folders_and_tables_are_refused(tmp_path: Path) -> None:
    import pyarrow
    from pyarrow import parquet

    with pytest.raises(ImageAuthError, match="without a part"):
        list(read_rows(tmp_path))
    parquet.write_table(pyarrow.table({"image": [b"x"]}), tmp_path / "a.parquet")
    with pytest.raises(ImageAuthError, match="columns are not those"):
        list(read_rows(tmp_path / "a.parquet"))


def test_a_line_without_end_is_not_read_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_ROW_BYTES", 2**16)
    for name in ("a.jsonl", "a.csv"):
        (tmp_path / name).write_bytes(b"file" + b" " * 2**20)
        with pytest.raises(ImageAuthError, match="has a line of"):
            list(read_rows(tmp_path / name))


def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        results = write_lines(tmp_path / f"{count}.jsonl", (row(f"{index}.jpg") for index in range(count)))
        tracemalloc.start()
        assert sum(1 for _ in read_rows(results)) == count
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(10)
    assert peak(5000) < peak(500) + 100_000
