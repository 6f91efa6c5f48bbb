"""What a scan finds in storage elsewhere: a local web server and a local S3."""

import pickle
import tracemalloc
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto.server import ThreadedMotoServer

from imageauth.errors import ImageAuthError, ImageError, MissingExtraError
from imageauth.images import MAX_BYTES
from imageauth.scan.inputs import Options, items_of, storage, web
from imageauth.scan.inputs.remote import RemoteSource
from imageauth.scan.items import Item
from tests.scan_files import Site, names, png, served, split, tarred, zipped


def parquet(images: list[bytes]) -> bytes:
    stream = BytesIO()
    pq.write_table(pa.table({"image": pa.array(images, pa.binary())}), stream, row_group_size=2)
    return stream.getvalue()


INSIDE = {"x.png": png(7), "sub/y.png": png(8)}
FILES = {
    "/a.png": png(1),
    "/pictures/b.png": png(2),
    "/pictures/notes.txt": b"text",
    "/pictures/.hidden.png": png(3),
    "/pictures/two%20words.jpg": png(4),
    "/pictures/sub/c.webp": png(5),
    "/pictures/sub/shard-000.tar": tarred(INSIDE),
    "/pictures/z.zip": zipped(INSIDE),
    "/t.parquet": parquet([png(at) for at in range(5)]),
    "/empty.png": b"",
}


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setattr(web, "PAUSES", (0.01, 0.02, 0.03))
    with served(FILES) as site:
        yield site


def at(site: Site, *paths: str, **options: Any) -> tuple[dict[str, bytes | str], dict[str, str]]:
    """As :func:`split`, of addresses without their host."""
    items, failures = split(items_of([site.address + path for path in paths], Options(**options)))
    short = site.address
    return {k.replace(short, ""): v for k, v in items.items()}, {k.replace(short, ""): v for k, v in failures.items()}


def test_web_addresses(site: Site) -> None:
    items, failures = at(site, "/a.png", "/missing.png", "/empty.png", "/a.png?size=large&v=1")
    assert items == {
        "/a.png": png(1),
        "/missing.png": "unreadable",
        "/empty.png": "empty",
        "/a.png?size=large&v=1": png(1),
    }
    assert not failures
    item = next(items_of([site.address + "/a.png"]))
    assert isinstance(item, Item)
    assert pickle.loads(pickle.dumps(item)).source.read() == png(1)


def test_a_web_folder_is_listed_where_the_server_shows_it(site: Site) -> None:
    items, failures = at(site, "/pictures/")
    assert items == {
        "/pictures/b.png": png(2),
        "/pictures/two%20words.jpg": png(4),
        "/pictures/z.zip!/x.png": png(7),
        "/pictures/z.zip!/sub/y.png": png(8),
        "/pictures/sub/c.webp": png(5),
        "/pictures/sub/shard-000.tar!/x.png": png(7),
        "/pictures/sub/shard-000.tar!/sub/y.png": png(8),
    }
    assert not failures
    assert list(at(site, "/pictures/", include=("two words*", "c.*"))[0]) == [
        "/pictures/two%20words.jpg",
        "/pictures/sub/c.webp",
    ]
    assert at(site, "/nothing/") == ({}, {"/nothing/": "empty"})


def test_archives_and_tables_on_the_web(site: Site) -> None:
    items, failures = at(site, "/pictures/z.zip", "/pictures/sub/shard-{000..001}.tar", "/t.parquet")
    assert len(items) == 2 + 2 + 5
    assert items["/t.parquet#4"] == png(4)
    assert failures == {"/pictures/sub/shard-001.tar": "unreadable"}
    whole = [(path, part) for path, part in site.asked if path.endswith((".zip", ".parquet")) and not part]
    assert not whole


def test_a_server_that_sends_no_parts(site: Site) -> None:
    site.ranges = False
    items, failures = at(site, "/a.png", "/pictures/z.zip", "/pictures/sub/shard-000.tar")
    assert len(items) == 3  # tars are read in order anyway
    assert failures == {"/pictures/z.zip": "unreadable"}


def test_failing_servers_are_asked_again(site: Site) -> None:
    for path, count in (("/a.png", 1), ("/pictures/z.zip", 2), ("/pictures/sub/shard-000.tar", 2)):
        site.failing = 2
        assert len(at(site, path)[0]) == count
        assert site.failing == 0
        site.broken = 2
        items, failures = at(site, path)
        assert len([data for data in items.values() if isinstance(data, bytes)]) == count, (path, items)
        assert not failures
        assert site.broken == 0
    site.failing = 100
    assert at(site, "/a.png") == ({"/a.png": "unreadable"}, {})
    assert site.failing == 96


def test_a_missing_file_is_not_asked_for_again(site: Site) -> None:
    at(site, "/missing.png")
    assert len(site.asked) == 1


def test_nothing_is_held_beyond_the_limit(site: Site) -> None:
    site.endless = "/endless.png"
    site.files = {**FILES, "/large.png": bytes(MAX_BYTES + 1)}
    tracemalloc.start()
    assert at(site, "/endless.png", "/large.png")[0] == {"/endless.png": "too-large", "/large.png": "too-large"}
    assert tracemalloc.get_traced_memory()[1] < 3 * MAX_BYTES
    tracemalloc.stop()


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "PAUSES", ())
    with served({}) as site:
        address = site.address
    source = RemoteSource(f"{address}/x.png")
    with pytest.raises(ImageError, match="cannot be read: ") as caught:
        source.read()
    assert caught.value.code == "unreadable"
    assert "\n" not in str(caught.value)


def test_a_long_answer_that_breaks_off_goes_on_from_there(site: Site) -> None:
    files = {f"{number}.bmp": bytes([number]) * 2**20 for number in range(6)}
    site.files = {"/long.tar": tarred(files)}
    site.broken = 3
    items, failures = at(site, "/long.tar")
    assert items == {f"/long.tar!/{name}": data for name, data in files.items()}
    assert not failures
    parts = [part for _, part in site.asked]
    assert parts[0] is None
    assert all(part and part.endswith("-") for part in parts[1:])


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    """An S3 bucket of this machine with FILES."""
    import boto3
    import s3fs

    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        settings = {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_DEFAULT_REGION": "us-east-1",
            "MOTO_S3_DEFAULT_MAX_KEYS": "50",
        }
        for name, value in {**settings, "AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}.items():
            patch.setenv(name, value)
        client = boto3.client("s3")
        client.create_bucket(Bucket="museum")
        for name, data in FILES.items():
            client.put_object(Bucket="museum", Key=name[1:].replace("%20", " "), Body=data)
        client.put_object(Bucket="museum", Key="many/", Body=b"")
        for number in range(120):  # more than one answer holds
            client.put_object(Bucket="museum", Key=f"many/{number:04}.png", Body=b"x")
        yield "s3://museum"
    server.stop()
    storage._storage.cache_clear()
    s3fs.S3FileSystem.clear_instance_cache()


def test_a_bucket(bucket: str) -> None:
    items, failures = split(items_of([f"{bucket}/pictures"]))
    assert items == {
        f"{bucket}/pictures/b.png": png(2),
        f"{bucket}/pictures/two words.jpg": png(4),
        f"{bucket}/pictures/z.zip!/x.png": png(7),
        f"{bucket}/pictures/z.zip!/sub/y.png": png(8),
        f"{bucket}/pictures/sub/c.webp": png(5),
        f"{bucket}/pictures/sub/shard-000.tar!/x.png": png(7),
        f"{bucket}/pictures/sub/shard-000.tar!/sub/y.png": png(8),
    }
    assert not failures


def test_objects_of_a_bucket(bucket: str) -> None:
    first, again = (next(items_of([f"{bucket}/pictures/"])) for _ in range(2))
    assert isinstance(first, Item)
    assert first == again
    assert first.size == len(png(2))
    assert first.modified is not None
    assert first.modified < 2**63
    assert pickle.loads(pickle.dumps(first)).source.read() == png(2)
    items, failures = split(items_of([f"{bucket}/a.png", f"{bucket}/missing.png", f"{bucket}/empty.png"]))
    assert list(items.values()) == [png(1), "unreadable", "empty"]
    assert not failures
    assert len(split(items_of([f"{bucket}/t.parquet"]))[0]) == 5


def test_patterns_in_a_bucket(bucket: str) -> None:
    assert names(f"{bucket}/*.png") == [f"{bucket}/a.png", f"{bucket}/empty.png"]
    assert names(f"{bucket}/pict*/s?b/*.webp") == [f"{bucket}/pictures/sub/c.webp"]
    assert names(f"{bucket}/{{a,b}}.png") == [f"{bucket}/a.png", f"{bucket}/b.png"]
    assert names(bucket, include=("pictures/*.png",)) == [f"{bucket}/pictures/b.png"]
    assert names(f"{bucket}/*.gif") == [f"{bucket}/*.gif"]


def test_many_objects(bucket: str) -> None:
    found = names(f"{bucket}/many")
    assert found == [f"{bucket}/many/{number:04}.png" for number in range(120)]


def test_a_folder_or_bucket_that_is_not_there(bucket: str) -> None:
    for address in (f"{bucket}/nowhere", f"{bucket}/nowhere/", "s3://nobody/", f"{bucket}/nowhere.zip"):
        items, failures = split(items_of([address]))
        assert not items
        assert failures == {address: "unreadable"}


def test_what_a_missing_driver_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    modules = __import__("sys").modules
    storage._storage.cache_clear()
    monkeypatch.setitem(modules, "gcsfs", None)
    with pytest.raises(ImageAuthError, match="gs:// needs gcsfs: pip install gcsfs"):
        items_of(["gs://bucket/x"])
    monkeypatch.setitem(modules, "fsspec", None)
    for address in ("s3://bucket/x", "https://host/x.png"):
        with pytest.raises(MissingExtraError, match=r'pip install "imageauth\[scan\]"'):
            items_of([address])
    monkeypatch.undo()
    storage._storage.cache_clear()
