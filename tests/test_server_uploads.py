"""Uploads: parsed as they arrive, bounded, in memory alone."""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import ClientDisconnect, Request

from imageauth import Detector
from imageauth.server.budget import Budget, Memory
from imageauth.server.problems import ProblemError
from imageauth.server.settings import Limits
from imageauth.server.uploads import Upload, clean_name, read_files
from tests.serving import in_process
from tests.test_server_checks import encoded

BOUNDARY = "b0undary"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


def part(content: bytes, disposition: str = 'form-data; name="files"; filename="a.png"', extra: bytes = b"") -> bytes:
    return b"--%s\r\nContent-Disposition: %s\r\n%s\r\n%s\r\n" % (
        BOUNDARY.encode(),
        disposition.encode(),
        extra,
        content,
    )


END = f"--{BOUNDARY}--\r\n".encode()


def read(
    pieces: Sequence[bytes],
    kind: str = FORM,
    limits: Limits | None = None,
    budget: Memory | None = None,
    pauses: Sequence[float] = (),
    headers: Sequence[tuple[bytes, bytes]] = (),
    gone: bool = False,
) -> list[Upload]:
    """What comes of a body that arrives in these pieces; ``gone``: the client leaves after them."""

    async def arriving() -> AsyncIterator[dict]:
        for index, piece in enumerate(pieces):
            if pauses:
                await asyncio.sleep(pauses[index])
            more = gone or index + 1 < len(pieces)
            yield {"type": "http.request", "body": piece, "more_body": more}
        yield {"type": "http.disconnect"}

    async def run() -> list[Upload]:
        scope = {"type": "http", "method": "POST", "headers": [(b"content-type", kind.encode()), *headers]}
        stream = arriving()
        request = Request(scope, lambda: anext(stream))  # type: ignore[arg-type]
        used = budget or Budget(2**30)
        return await read_files(request, limits or Limits(), used)

    return asyncio.run(run())


def refused(*args: object, **kwargs: object) -> ProblemError:
    """The problem of a body; whatever the reason, no memory stays taken."""
    budget = Budget(2**30)
    with pytest.raises(ProblemError) as caught:
        read(*args, **{"budget": budget, **kwargs})  # type: ignore[arg-type]
    assert budget.held == 0
    return caught.value


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.binary(max_size=400), st.sampled_from([b"\r\n", f"\r\n--{BOUNDARY}x".encode(), b"--", b"\r" * 50])
        ),
        min_size=1,
        max_size=5,
    ),
    st.integers(1, 97),
)
def test_files_are_whole_however_they_arrive(contents: list[bytes], step: int) -> None:
    body = b"".join(map(part, contents)) + END + b"epilogue"
    budget = Budget(10**6)
    uploads = read([body[at : at + step] for at in range(0, len(body), step)], budget=budget)
    assert budget.held == sum(map(len, contents))
    assert [upload.take() for upload in uploads] == contents
    for upload in uploads:
        upload.release()
        upload.release()
    assert budget.held == 0


@pytest.mark.parametrize(
    ("kind", "body", "status", "code"),
    [
        ("multipart/form-data", part(b"x") + END, 400, "multipart"),
        (f"multipart/form-data; boundary={'b' * 300}", b"x", 400, "multipart"),
        (FORM, b"", 400, "multipart"),
        (FORM, b"not a form at all", 400, "multipart"),
        (FORM, part(b"x"), 400, "multipart"),
        (FORM, (part(b"x") + END)[:-6], 400, "multipart"),
        (FORM, END, 400, "no-files"),
        (FORM, part(b"x", 'form-data; name="comment"') + END, 400, "no-files"),
        (FORM, part(b"x", "attachment") + END, 400, "multipart"),
        (FORM, part(b"x", "form-data; name=" + "f" * 5000) + END, 400, "multipart"),
        (FORM, part(b"x", extra=b"X-Header: y\r\n" * 20) + END, 400, "multipart"),
        (FORM, part(b"x", extra=b"broken header\r\n") + END, 400, "multipart"),
        (FORM, part(b"x") * 33 + END, 413, "too-many-files"),
        (FORM, part(b"x", 'form-data; name="c"') * 17 + END, 413, "too-many-fields"),
        (FORM, part(b"x" * 70_000, 'form-data; name="c"') + END, 413, "fields-too-large"),
        ("text/plain", b"x", 415, "media-type"),
        ("", b"x", 415, "media-type"),
        ("application/json", b"{}", 415, "by-url-not-offered"),
        ("application/x-www-form-urlencoded", b"files=x", 415, "media-type"),
        ("multipart/mixed; boundary=b0undary", part(b"x") + END, 415, "media-type"),
    ],
)
def test_bodies_that_are_refused(kind: str, body: bytes, status: int, code: str) -> None:
    problem = refused([body], kind)
    assert (problem.status, problem.code) == (status, code)
    assert problem.detail.endswith(".")


def test_a_part_named_files_is_a_file_even_without_a_name() -> None:
    (upload,) = read([part(b"x", 'form-data; name="files"') + END])
    assert (upload.name, upload.take()) == ("picture", b"x")


def test_a_form_inside_a_form_is_one_file() -> None:
    inner = b"--other\r\nContent-Disposition: file; filename=x\r\n\r\ny\r\n--other--"
    (upload,) = read([part(inner, extra=b"Content-Type: multipart/mixed; boundary=other\r\n") + END])
    assert upload.take() == inner


def test_a_request_is_bounded_while_it_arrives_and_by_what_it_declares() -> None:
    limits = Limits(request_bytes=10_000)
    endless = [part(b"x")[:-2], *[b"x" * 1000] * 100]
    assert refused(endless, limits=limits).code == "request-too-large"
    assert refused([b""], limits=limits, headers=[(b"content-length", b"10001")]).status == 413
    assert refused([b"x"], "image/png", headers=[(b"content-encoding", b"gzip")]).code == "content-encoding"


def test_a_large_file_keeps_no_memory_while_the_rest_of_it_passes() -> None:
    budget = Budget(5000)
    uploads = read(
        [part(b"x" * 3000)[:-2], *[b"x" * 1000] * 50, b"\r\n", part(b"small"), END],
        limits=Limits(file_bytes=4000),
        budget=budget,
    )
    assert [upload.too_large for upload in uploads] == [True, False]
    assert uploads[0].size == 53_000
    assert budget.held == 5


def test_all_uploads_together_are_bounded() -> None:
    budget = Budget(5000)
    assert budget.take(3000)
    with pytest.raises(ProblemError) as caught:
        read([part(b"x" * 1500), part(b"x" * 1500), END], budget=budget)
    assert (caught.value.status, caught.value.code) == (429, "memory")
    assert int(caught.value.headers["Retry-After"]) >= 1
    assert budget.held == 3000


def test_slow_bodies_are_given_up() -> None:
    body = [part(b"x" * 100)[:-2], *[b"x"] * 20, b"\r\n", END]
    quiet = refused(body, limits=Limits(idle_seconds=0.05), pauses=[0.0, *[0.2] * 22])
    assert (quiet.status, quiet.code) == (408, "too-slow")
    trickle = Limits(grace_seconds=0.1, bytes_per_second=10_000)
    assert refused(body, limits=trickle, pauses=[0.02] * 23).code == "too-slow"


def test_who_was_fast_may_not_be_slow_afterwards() -> None:
    """A megabyte at once would pay for 100 seconds of trickling, were it an average."""
    limits = Limits(grace_seconds=0.2, bytes_per_second=10_000)
    body = [part(b"x" * 10**6)[:-2], *[b"x"] * 40]
    assert refused(body, limits=limits, pauses=[0.0, *[0.02] * 40]).code == "too-slow"
    steady = [part(b"x" * 2000)[:-2], *[b"x" * 1000] * 12, b"\r\n" + END]
    (upload,) = read(steady, limits=limits, pauses=[0.0, *[0.04] * 13])
    assert upload.size == 14_000


def test_one_client_cannot_hold_all_memory_for_uploads() -> None:
    budget = Budget(10_000, per_client=6000)
    (held,) = read([part(b"x" * 5000) + END], budget=budget.of("a"))
    problem = refused([part(b"x" * 2000) + END], budget=budget.of("a"))
    assert (problem.status, problem.code) == (429, "memory")
    (other,) = read([part(b"x" * 4000) + END], budget=budget.of("b"))
    held.release()
    (again,) = read([part(b"x" * 5500) + END], budget=budget.of("a"))
    other.release()
    again.release()
    assert budget.held == 0


def test_a_client_that_leaves_takes_its_memory_along() -> None:
    budget = Budget(10**6)
    with pytest.raises(ClientDisconnect):
        read([part(b"x" * 5000)[:-2]], budget=budget, gone=True)
    assert budget.held == 0


@pytest.mark.parametrize("name", ["", "  ", "/", "\\", "a/", "\0"])
def test_a_name_is_never_empty(name: str) -> None:
    assert clean_name(name) == "picture"


class Watch:
    """Notes every file that Python opens for writing or makes."""

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple) -> None:
        if not self.on:
            return
        if event == "open":
            path, mode, flags = args
            writing = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            if writing or (isinstance(mode, str) and set(mode) & set("wax+")):
                self.seen.append(f"{path}")
        elif event.startswith(("tempfile.", "os.mkdir", "os.rename", "os.link", "shutil.")):
            self.seen.append(event)


@pytest.fixture(scope="module")
def watch() -> Iterator[Watch]:
    made = Watch()
    yield made
    made.on = False  # an audit hook cannot be taken away


def test_no_picture_is_ever_written_to_disk(
    detector: Detector, watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    rng = np.random.default_rng(0)
    large = encoded(rng.integers(0, 256, (1100, 1100, 3), np.uint8), "BMP")  # 3.6 MB: form readers spool from 1 MB on
    sent = [
        ("files", ("large.bmp", large)),
        ("files", ("small.png", encoded(rng.integers(0, 256, (32, 32, 3), np.uint8)))),
        ("files", ("photo.jpg", encoded(rng.integers(0, 256, (300, 400, 3), np.uint8), "JPEG"))),
        ("files", ("text.jpg", b"text" * 500_000)),
    ]
    with in_process(detector) as client:
        watch.on = True
        try:
            answers = [
                client.post("/v1/checks", params={"heatmap": "true"}, files=sent),
                client.post("/v1/checks", content=large, headers={"Content-Type": "image/bmp"}),
            ]
        finally:
            watch.on = False
        assert [answer.status_code for answer in answers] == [200, 200]
        assert [result["file"] for result in answers[0].json()["results"]] == [name for _, (name, _) in sent]
    assert watch.seen == []
    assert list(tmp_path.iterdir()) == []
