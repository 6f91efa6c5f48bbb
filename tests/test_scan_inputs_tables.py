"""What a scan finds in tables."""

import json
import multiprocessing
import os
import signal
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from imageauth.errors import MissingExtraError
from imageauth.images import MAX_BYTES
from imageauth.report import Failure
from imageauth.scan.inputs import items_of, record_batches
from imageauth.scan.inputs.places import LocalPlace
from imageauth.scan.inputs.table_reader import TableReader
from imageauth.scan.inputs.tables import Table, read_table
from imageauth.scan.items import Item
from tests.conftest import FUZZ_SECONDS
from tests.scan_files import png, split

IMAGES = [png(at) for at in range(7)]
BYTES = pa.table({"id": range(7), "image": pa.array(IMAGES, pa.binary())})
LARGE = pa.table({"image": pa.array(IMAGES, pa.large_binary())})
STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
FACES = pa.table({"label": range(7), "face": pa.array([{"bytes": data, "path": "x.png"} for data in IMAGES], STRUCT)})


@pytest.fixture(scope="module")
def reader() -> Iterator[TableReader]:
    """One for all, as starting its process takes a second."""
    reader = TableReader()
    yield reader
    reader.close()


Found = Callable[..., tuple[dict[str, bytes | str], dict[str, str]]]


@pytest.fixture
def found(reader: TableReader) -> Found:
    """As :func:`split`, of a table that the user named; its path is T."""

    def find(path: Path, column: str | None = None) -> tuple[dict[str, bytes | str], dict[str, str]]:
        items, failures = split(reader.items(Table(LocalPlace(str(path)), column)))
        return (
            {name.replace(str(path), "T"): data for name, data in items.items()},
            {name.replace(str(path), "T"): code for name, code in failures.items()},
        )

    return find


ALL = ({f"T#{at}": data for at, data in enumerate(IMAGES)}, {})


@pytest.mark.parametrize("table", [BYTES, LARGE, FACES])
@pytest.mark.parametrize("kind", ["parquet", "feather", "arrow", "stream"])
def test_tables(tmp_path: Path, found: Found, table: pa.Table, kind: str) -> None:
    path = tmp_path / ("x.arrow" if kind == "stream" else f"x.{kind}")
    if kind == "parquet":
        pq.write_table(table, path, row_group_size=3)
    elif kind == "feather":
        pa.feather.write_feather(table, path, chunksize=3)
    else:
        make = pa.ipc.new_stream if kind == "stream" else pa.ipc.new_file
        with make(str(path), table.schema) as writer:
            writer.write_table(table, max_chunksize=3)
    assert found(path) == ALL
    item = next(read_table(Table(LocalPlace(str(path)))))
    assert isinstance(item, Item)
    assert item.modified == path.stat().st_mtime_ns
    assert item.size == len(IMAGES[0])


def test_a_table_cut_into_files(tmp_path: Path, found: Found) -> None:
    folder = tmp_path / "x.parquet"
    folder.mkdir()
    pq.write_table(BYTES.slice(0, 4), folder / "part-0.parquet")
    pq.write_table(BYTES.slice(4), folder / "part-1.parquet")
    (folder / "_SUCCESS").touch()
    items, failures = split(items_of([str(folder)]))
    assert list(items.values()) == IMAGES
    assert f"{folder}/part-1.parquet#2" in items
    assert not failures


def test_the_column_that_was_asked_for(tmp_path: Path, found: Found) -> None:
    path = tmp_path / "x.parquet"
    table = pa.table({"a": pa.array(IMAGES, pa.binary()), "b": pa.array(IMAGES[::-1], pa.binary()), "c": range(7)})
    pq.write_table(table, path)
    assert found(path) == ({}, {"T": "unsupported-format"})
    (failure,) = read_table(Table(LocalPlace(str(path))))
    assert isinstance(failure, Failure)
    assert failure.message == "has no single column of images; name one with --column: a, b"
    assert found(path, column="b")[0]["T#0"] == IMAGES[6]
    assert found(path, column="c") == ({}, {"T": "unsupported-format"})
    pq.write_table(table.drop_columns(["a"]), path)
    assert len(found(path)[0]) == 7  # there is only one that it can be


def test_the_column_that_hugging_face_declares(tmp_path: Path, found: Found) -> None:
    path = tmp_path / "x.parquet"
    schema = pa.schema([("mask", pa.binary()), ("shot", STRUCT), ("image", pa.binary())])
    info = {"info": {"features": {"shot": {"_type": "Image"}, "mask": {"_type": "Value"}, "image": {"_type": "Value"}}}}
    rows = [{"mask": b"m", "shot": {"bytes": data, "path": None}, "image": b"i"} for data in IMAGES]
    table = pa.Table.from_pylist(rows, schema).replace_schema_metadata({"huggingface": json.dumps(info)})
    pq.write_table(table, path)
    assert found(path) == ALL


def test_rows_without_bytes_are_named(tmp_path: Path, found: Found) -> None:
    path = tmp_path / "x.parquet"
    rows = [{"bytes": png(), "path": None}, None, {"bytes": None, "path": "/etc/passwd"}, {"bytes": b"", "path": None}]
    pq.write_table(pa.table({"image": pa.array(rows, STRUCT)}), path)
    assert found(path) == ({"T#0": png()}, {f"T#{at}": "empty" for at in (1, 2, 3)})


def test_tables_in_a_folder_are_read_where_they_hold_images(tmp_path: Path) -> None:
    pq.write_table(BYTES, tmp_path / "a.parquet")
    pq.write_table(pa.table({"n": [1, 2]}), tmp_path / "b.parquet")
    pq.write_table(pa.table({"embedding": pa.array([b"1"], pa.binary())}), tmp_path / "c.parquet")
    items, failures = split(items_of([str(tmp_path)]))
    assert len(items) == 7
    assert not failures
    assert split(items_of([str(tmp_path / "b.parquet")]))[1] == {str(tmp_path / "b.parquet"): "unsupported-format"}


@pytest.mark.parametrize("name", ["x.parquet", "x.arrow", "x.feather"])
def test_what_is_no_table_is_said(tmp_path: Path, found: Found, name: str) -> None:
    path = tmp_path / name
    for data in (b"", b"PAR1nonsensePAR1", b"ARROW1\0\0" + b"\xff" * 100, b"\xff" * 100, b"FEA1"):
        path.write_bytes(data)
        items, failures = found(path)
        assert not items
        assert list(failures) == ["T"]


def test_a_table_that_is_damaged_keeps_the_rows_before(tmp_path: Path, found: Found) -> None:
    path = tmp_path / "x.parquet"
    rows = [np.random.default_rng(at).bytes(20_000) for at in range(40)]
    table = pa.table({"image": pa.array(rows, pa.binary())})
    pq.write_table(table, path, row_group_size=10, compression="zstd", use_dictionary=False)
    data = bytearray(path.read_bytes())
    at = data.index(rows[20][:100])
    data[at - 200 : at + 2000] = b"\xff" * 2200
    path.write_bytes(data)
    items, failures = found(path)
    assert len(items) == 20
    assert failures == {"T": "corrupt"}


def test_bombs(tmp_path: Path, found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.parquet"
    zeros = pa.array([bytes(MAX_BYTES - 1)] * 2, pa.binary())
    pq.write_table(pa.table({"image": zeros}), path, compression="zstd", use_dictionary=False)
    assert found(path) == ({}, {"T": "too-large"})
    large = pa.array([np.random.default_rng(0).bytes(MAX_BYTES + 1), png()], pa.binary())
    pq.write_table(pa.table({"image": large}), path, use_dictionary=False)
    assert found(path) == ({"T#1": png()}, {"T#0": "too-large"})
    monkeypatch.setattr(record_batches, "MAX_BATCH", 100 * 2**20)
    for compression in ("lz4", "zstd"):
        feather = tmp_path / "x.feather"
        pa.feather.write_feather(pa.table({"image": zeros}), feather, compression=compression)
        (failure,) = read_table(Table(LocalPlace(str(feather))))
        assert isinstance(failure, Failure)
        assert failure.code == "too-large", compression


def test_large_row_groups_are_read_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    noise = np.random.default_rng(0)
    rows = pa.array([noise.bytes(2**20) for _ in range(100)], pa.binary())
    pq.write_table(pa.table({"image": rows}), path, row_group_size=100, use_dictionary=False, write_batch_size=1)
    del rows
    start = pa.total_allocated_bytes()
    tracemalloc.start()
    most = max(pa.total_allocated_bytes() - start for _ in read_table(Table(LocalPlace(str(path)))))
    assert most < 40 * 2**20
    assert tracemalloc.get_traced_memory()[1] < 30 * 2**20
    tracemalloc.stop()


def test_without_arrow_it_is_said_what_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(BYTES, tmp_path / "x.parquet")
    (tmp_path / "a.png").write_bytes(png())
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r'pip install "imageauth\[scan\]"'):
        items_of([str(tmp_path / "x.parquet")])
    items, failures = split(items_of([str(tmp_path)]))
    assert len(items) == 1
    assert failures == {str(tmp_path / "x.parquet"): "unsupported-format"}


@pytest.mark.parametrize("ending", ["parquet", "arrow"])
def test_a_table_that_ends_the_process_that_reads_it_is_only_an_error(
    tmp_path: Path, found: Found, ending: str
) -> None:
    """Damaged bytes at every few places: Arrow aborts at some of them."""
    path = tmp_path / f"x.{ending}"
    rng = np.random.default_rng(2)
    if ending == "parquet":
        pq.write_table(FACES, path, row_group_size=3)
    else:
        with pa.ipc.new_stream(str(path), FACES.schema) as writer:
            writer.write_table(FACES, max_chunksize=3)
    whole = path.read_bytes()
    until = time.monotonic() + min(FUZZ_SECONDS, 5)
    while time.monotonic() < until:
        data = bytearray(whole)
        for at in rng.integers(max(0, len(data) - 900), len(data) - 8, 3):
            data[at] = rng.integers(256)
        path.write_bytes(data)
        found(path)
    path.write_bytes(whole)
    assert found(path) == ALL


def test_a_table_whose_reader_dies_keeps_the_rows_before(tmp_path: Path) -> None:
    path, good = tmp_path / "x.parquet", tmp_path / "y.parquet"
    noise = np.random.default_rng(0)
    rows = pa.array([noise.bytes(2**20) for _ in range(20)], pa.binary())
    pq.write_table(pa.table({"image": rows}), path, row_group_size=1)
    pq.write_table(BYTES, good)
    others = set(multiprocessing.active_children())
    rest = items_of([str(path), str(good)])
    next(rest)
    (process,) = set(multiprocessing.active_children()) - others
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    items, failures = split(rest)
    assert failures == {str(path): "corrupt"}
    assert len([name for name in items if name.startswith(str(good))]) == 7
    assert set(multiprocessing.active_children()) == others


def test_a_table_that_is_not_read_to_its_end_leaves_no_process(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(BYTES, path)
    others = set(multiprocessing.active_children())
    rest = items_of([str(path)])
    next(rest)
    rest.close()  # type: ignore[attr-defined]
    assert set(multiprocessing.active_children()) == others
