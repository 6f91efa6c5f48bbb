"""What a scan finds in tables."""

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from imageauth.errors import MissingExtraError
from imageauth.images import MAX_BYTES
from imageauth.report import Failure
from imageauth.scan.inputs import Options, items_of
from imageauth.scan.items import Item
from tests.scan_files import png, split

IMAGES = [png(at) for at in range(7)]
BYTES = pa.table({"id": range(7), "image": pa.array(IMAGES, pa.binary())})
LARGE = pa.table({"image": pa.array(IMAGES, pa.large_binary())})
STRUCT = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
FACES = pa.table({"label": range(7), "face": pa.array([{"bytes": data, "path": "x.png"} for data in IMAGES], STRUCT)})


def found(path: Path, **options: Any) -> tuple[dict[str, bytes | str], dict[str, str]]:
    items, failures = split(items_of([str(path)], Options(**options)))
    short = str(path)
    return {k.replace(short, "T"): v for k, v in items.items()}, {k.replace(short, "T"): v for k, v in failures.items()}


ALL = ({f"T#{at}": data for at, data in enumerate(IMAGES)}, {})


@pytest.mark.parametrize("table", [BYTES, LARGE, FACES])
@pytest.mark.parametrize("kind", ["parquet", "feather", "arrow", "stream"])
def test_tables(tmp_path: Path, table: pa.Table, kind: str) -> None:
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
    item = next(items_of([str(path)]))
    assert isinstance(item, Item)
    assert item.modified == path.stat().st_mtime_ns
    assert item.size == len(IMAGES[0])


def test_a_table_cut_into_files(tmp_path: Path) -> None:
    folder = tmp_path / "x.parquet"
    folder.mkdir()
    pq.write_table(BYTES.slice(0, 4), folder / "part-0.parquet")
    pq.write_table(BYTES.slice(4), folder / "part-1.parquet")
    (folder / "_SUCCESS").touch()
    items, failures = found(folder)
    assert list(items.values()) == IMAGES
    assert "T/part-1.parquet#2" in items
    assert not failures


def test_the_column_that_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    table = pa.table({"a": pa.array(IMAGES, pa.binary()), "b": pa.array(IMAGES[::-1], pa.binary()), "c": range(7)})
    pq.write_table(table, path)
    assert found(path) == ({}, {"T": "unsupported-format"})
    (failure,) = items_of([str(path)])
    assert isinstance(failure, Failure)
    assert failure.message == "has no single column of images; name one with --column: a, b"
    assert found(path, column="b")[0]["T#0"] == IMAGES[6]
    assert found(path, column="c") == ({}, {"T": "unsupported-format"})
    pq.write_table(table.drop_columns(["a"]), path)
    assert len(found(path)[0]) == 7  # there is only one that it can be


def test_the_column_that_hugging_face_declares(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    schema = pa.schema([("mask", pa.binary()), ("shot", STRUCT), ("image", pa.binary())])
    info = {"info": {"features": {"shot": {"_type": "Image"}, "mask": {"_type": "Value"}, "image": {"_type": "Value"}}}}
    rows = [{"mask": b"m", "shot": {"bytes": data, "path": None}, "image": b"i"} for data in IMAGES]
    table = pa.Table.from_pylist(rows, schema).replace_schema_metadata({"huggingface": json.dumps(info)})
    pq.write_table(table, path)
    assert found(path) == ALL


def test_rows_without_bytes_are_named(tmp_path: Path) -> None:
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
def test_what_is_no_table_is_said(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    for data in (b"", b"PAR1nonsensePAR1", b"ARROW1\0\0" + b"\xff" * 100, b"\xff" * 100, b"FEA1"):
        path.write_bytes(data)
        items, failures = found(path)
        assert not items
        assert list(failures) == ["T"]


def test_a_table_that_is_damaged_keeps_the_rows_before(tmp_path: Path) -> None:
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


def test_bombs(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    zeros = pa.array([bytes(MAX_BYTES - 1)] * 9, pa.binary())
    pq.write_table(pa.table({"image": zeros}), path, compression="zstd", use_dictionary=False)
    assert found(path) == ({}, {"T": "too-large"})
    large = pa.array([np.random.default_rng(0).bytes(MAX_BYTES + 1), png()], pa.binary())
    pq.write_table(pa.table({"image": large}), path, use_dictionary=False)
    assert found(path) == ({"T#1": png()}, {"T#0": "too-large"})
    for compression in ("lz4", "zstd"):
        feather = tmp_path / "x.feather"
        pa.feather.write_feather(pa.table({"image": zeros}), feather, compression=compression)
        assert found(feather) == ({}, {"T": "too-large"}), compression


def test_large_row_groups_are_read_in_pieces(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    noise = np.random.default_rng(0)
    rows = pa.array([noise.bytes(2**20) for _ in range(100)], pa.binary())
    pq.write_table(pa.table({"image": rows}), path, row_group_size=100, use_dictionary=False, write_batch_size=1)
    del rows
    start = pa.total_allocated_bytes()
    tracemalloc.start()
    most = max(pa.total_allocated_bytes() - start for _ in items_of([str(path)]))
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
