"""What a hostile or broken client sends: it is answered clearly, costs little, and the service goes on."""

import gzip
import io
import json
import re
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from imageauth.server.inference_tensors import MOST_JSON
from tests.conftest import drawn
from tests.serving import Serving, heard, serving

MIB = 2**20
LIMITS = {
    "request_bytes": 80 * MIB,
    "memory_bytes": 96 * MIB,
    "header_seconds": 1.5,
    "idle_seconds": 1.0,
    "grace_seconds": 1.5,
    "bytes_per_second": 20_000,
    "connections": 40,
    "connections_per_client": 40,
}
# Resident memory may grow by so much over all that follows: the budget for uploads, and what Python keeps of it.
MOST_GROWTH = 160
# Seconds: the time-outs above and the three for which a refused upload is let go by, on a machine that is busy.
SOON = 15
BOUNDARY = b"b0undary"
SCRIPT = "<script>alert(1)</script>\u202e\"'></style>"


def png_bytes(**saved: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(drawn()).save(out, "PNG", **saved)
    return out.getvalue()


PICTURE = png_bytes()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("service"), "cifake", LIMITS) as running:
        with running.client() as client:
            for _ in range(3):
                client.post("v1/checks", files={"files": ("a.png", PICTURE)})
        before = running.megabytes
        yield running
        assert running.megabytes - before < MOST_GROWTH
        assert "Traceback" not in running.log.read_text(encoding="utf-8")


@pytest.fixture(autouse=True)
def goes_on(service: Serving) -> Iterator[None]:
    """After each test the service holds nothing back, and answers."""
    yield
    with service.client() as client:
        until = time.monotonic() + 10
        while (held := gauges(client))["imageauth_upload_bytes"] or held["imageauth_queue_pictures"]:
            assert time.monotonic() < until, held
            time.sleep(0.05)
        answer = client.post("v1/checks", files={"files": ("a.png", PICTURE)})
        assert answer.status_code == 200
        assert answer.json()["results"][0]["verdict"]
    assert service.open_files < 60


def gauges(client: httpx2.Client) -> dict[str, float]:
    """What /metrics says, but for what has labels."""
    lines = re.findall(r"^(\w+) ([\d.e+]+)$", client.get("metrics").text, re.MULTILINE)
    return {name: float(value) for name, value in lines}


def head(*lines: str, method: str = "POST", path: str = "/v1/checks") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: here", *lines, "", ""]).encode("latin-1")


FORM = f"Content-Type: multipart/form-data; boundary={BOUNDARY.decode()}"


def part(name: bytes = b"a.png", data: bytes = PICTURE, headers: bytes = b"") -> bytes:
    disposition = b'Content-Disposition: form-data; name="files"; filename="%b"\r\n' % name
    return b"--" + BOUNDARY + b"\r\n" + disposition + headers + b"\r\n" + data + b"\r\n"


END = b"--" + BOUNDARY + b"--\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def answers(said: bytes) -> list[tuple[int, dict[str, str], bytes]]:
    """The HTTP answers in what came back."""
    found = []
    while said:
        top, _, rest = said.partition(b"\r\n\r\n")
        first, *lines = top.decode("latin-1").split("\r\n")
        headers = {key.lower(): value for key, value in (line.split(": ", 1) for line in lines)}
        length = int(headers.get("content-length", len(rest)))
        found.append((int(first.split()[1]), headers, rest[:length]))
        said = rest[length:]
    return found


def problem(said: bytes) -> dict[str, Any]:
    """The one problem in what came back."""
    ((status, headers, body),) = answers(said)
    assert headers["content-type"] == "application/problem+json"
    told = json.loads(body)
    assert told["status"] == status
    assert 400 <= status < 500 or status == 501
    assert told["detail"].endswith((".", ";"))
    return told


def checked(service: Serving, form: bytes) -> httpx2.Response:
    with service.client() as client:
        kind = FORM.partition(": ")[2]
        return client.post("v1/checks", content=form, headers={"Content-Type": kind})


def test_a_head_that_never_ends_is_cut_off(service: Serving) -> None:
    begun = time.monotonic()
    with service.connect() as connection:
        connection.sendall(b"POST /v1/checks HTTP/1.1\r\n")
        for letter in b"X-Slow: " + b"z" * 200:
            try:
                connection.sendall(bytes([letter]))
            except OSError:
                break
            time.sleep(0.05)
        heard(connection)
    assert time.monotonic() - begun < SOON


def test_a_connection_that_says_nothing_is_closed(service: Serving) -> None:
    begun = time.monotonic()
    assert service.say() == b""
    assert time.monotonic() - begun < SOON


def test_a_body_that_stalls_is_refused(service: Serving) -> None:
    begun = time.monotonic()
    told = problem(service.say(head(FORM, "Content-Length: 100000") + part()[:40]))
    assert (told["status"], told["code"]) == (408, "too-slow")
    assert time.monotonic() - begun < SOON


def test_a_body_that_drips_is_refused(service: Serving) -> None:
    """Never idle for long, and never done: slower than any line."""
    drips = [b"x" * 10] * 60
    told = problem(service.say(head(FORM, "Content-Length: 10000000") + part()[:120], *drips, pause=0.1))
    assert (told["status"], told["code"]) == (408, "too-slow")


def test_many_slow_clients_do_not_keep_others_out(service: Serving) -> None:
    slow = [service.connect() for _ in range(30)]
    for connection in slow:
        connection.sendall(head(FORM, "Content-Length: 100000") + part()[:60])
    with service.client() as client:
        begun = time.monotonic()
        assert client.post("v1/checks", files={"files": ("a.png", PICTURE)}).status_code == 200
        assert time.monotonic() - begun < SOON
    for connection in slow:
        connection.close()


def test_connections_beyond_the_limit_are_turned_away(service: Serving) -> None:
    held = [service.connect() for _ in range(LIMITS["connections"])]
    time.sleep(0.2)
    told = problem(service.say())
    assert (told["status"], told["code"]) == (429, "connections")
    for connection in held:
        connection.close()
    time.sleep(0.2)


@pytest.mark.parametrize("what", ["data", "headers", "preamble", "fields", "nameless"])
def test_a_form_that_never_ends_is_refused(service: Serving, what: str) -> None:
    """Chunked, so that nothing tells beforehand how much will come."""
    piece = b"x" * MIB
    begins = {
        "data": part()[:-2],
        "headers": part(headers=b"X-Long: ")[: -len(PICTURE) - 6],
        "preamble": b"",
        "fields": b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="comment"\r\n\r\n',
        "nameless": b"--" + BOUNDARY + b"\r\n\r\n",
    }
    begun = time.monotonic()
    with service.connect() as connection:
        try:
            connection.sendall(head(FORM, "Transfer-Encoding: chunked"))
            if begins[what]:
                connection.sendall(chunk(begins[what]))
            for _ in range(100):
                connection.sendall(chunk(piece))
            if what != "data":  # the others give up at last, so as not to hold up the tests
                connection.sendall(b"0\r\n\r\n")
        except OSError:
            pass
        said = heard(connection, whole_answer=True)
    assert time.monotonic() - begun < SOON
    assert problem(said)["status"] in (400, 413)


def test_a_length_that_is_larger_than_the_body(service: Serving) -> None:
    form = part() + END
    said = service.say(head(FORM, f"Content-Length: {len(form) + 50}") + form, half_close=True)
    if said:  # it may as well close: nobody is there any more
        assert problem(said)["status"] in (400, 408)


def test_a_length_that_is_smaller_than_the_body(service: Serving) -> None:
    """The form is cut short, and what follows is no request."""
    form = part() + END
    said = answers(service.say(head(FORM, f"Content-Length: {len(form) - 30}") + form))
    assert [status for status, _, _ in said] == [400, 400]
    assert all(headers["content-type"] == "application/problem+json" for _, headers, _ in said)


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: -5"],
        ["Content-Length: many"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: 999999999999999999999999"],
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding: cow"],
    ],
    ids=" and ".join,
)
def test_lengths_that_make_no_sense(service: Serving, lines: list[str]) -> None:
    said = service.say(head(FORM, *lines) + b"hello", half_close=True)
    if said:  # or else it was closed: the body that was promised never came
        assert problem(said)["status"] in (400, 413, 501)


@pytest.mark.parametrize(
    "body",
    [b"zz\r\nhello\r\n", b"5\r\nhelloworld", b"-1\r\n\r\n", b"f" * 20 + b"\r\nx", b"5;" + b"e" * 100_000 + b"\r\n"],
)
def test_broken_chunks(service: Serving, body: bytes) -> None:
    said = service.say(head(FORM, "Transfer-Encoding: chunked") + body, half_close=True)
    if said:
        assert problem(said)["status"] == 400


def test_ten_thousand_small_files(service: Serving) -> None:
    begun = time.monotonic()
    answer = checked(service, part(data=b"tiny") * 10_000 + END)
    assert (answer.status_code, answer.json()["code"]) == (413, "too-many-files")
    assert time.monotonic() - begun < SOON


def test_ten_thousand_fields_and_as_many_headers(service: Serving) -> None:
    field = b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="comment"\r\n\r\nx\r\n'
    assert checked(service, field * 10_000 + END).json()["code"] == "too-many-fields"
    answer = checked(service, part(headers=b"X-More: 1\r\n" * 10_000) + END)
    assert answer.status_code in (400, 413)
    assert answer.headers["content-type"] == "application/problem+json"


NAMES = {
    "../../etc/passwd": "passwd",
    "..\\..\\windows\\system.ini": "system.ini",
    "/etc/shadow": "shadow",
    "C:\\a.png": "a.png",
    "a\0b.png": "b.png",
    "..": "..",
    "": "picture",
    "   ": "picture",
    "con.png": "con.png",
    "\u202egnp.exe": "\u202egnp.exe",
    "%2e%2e%2fa.png": "%2e%2e%2fa.png",
    f"a{SCRIPT}.png": "style>.png",
    "<b onclick='alert(1)'>.png": "<b onclick='alert(1)'>.png",
    "é" * 400: "é" * 255,
}


@pytest.mark.parametrize("name", NAMES, ids=[ascii(name)[:30] for name in NAMES])
def test_names_lead_nowhere(service: Serving, name: str) -> None:
    escaped = name.encode().replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    answer = checked(service, part(name=escaped) + END)
    (result,) = answer.json()["results"]
    assert result["verdict"]
    assert "/" not in result["file"]
    assert "\0" not in result["file"]
    assert len(result["file"]) <= 255
    assert result["file"] == NAMES[name]


@pytest.mark.parametrize(
    "name",
    [
        b"a\r\nX-Injected: 1\r\n.png",
        b'a"; filename="b.png',
        b"\xff\xfe.png",
        b"n" * 3500 + b".png",
        b"a.png\"; filename*=UTF-8''..%2f..%2fb.png; x=\"",
    ],
    ids=["line breaks", "two names", "no UTF-8", "long", "extended"],
)
def test_names_that_are_no_names(service: Serving, name: bytes) -> None:
    answer = checked(service, part(name=name) + END)
    assert answer.status_code in (200, 400)
    assert "x-injected" not in answer.headers
    if answer.status_code == 200:
        assert "/" not in answer.json()["results"][0]["file"]


def test_script_in_metadata_stays_text(service: Serving) -> None:
    text = PngInfo()
    text.add_text(
        "parameters", f"{SCRIPT}\nNegative prompt: {SCRIPT}\nSteps: 20, Sampler: {SCRIPT}, Seed: 1, Size: 32x32"
    )
    exif = Image.Exif()
    exif[271], exif[305], exif[270] = SCRIPT, SCRIPT, SCRIPT
    hostile = png_bytes(pnginfo=text, exif=exif)
    with service.client() as client:
        answer = client.post("v1/checks", files={"files": (f"{SCRIPT}.png", hostile)})
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "<script>alert(1)" in json.dumps(answer.json())  # told as it is
    assert "alert(1)" not in service.log.read_text(encoding="utf-8")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "identity, gzip"])
def test_compressed_bodies_are_not_opened(service: Serving, encoding: str) -> None:
    bomb = gzip.compress(bytes(50 * MIB)) if "gzip" in encoding else zlib.compress(bytes(50 * MIB))
    with service.client() as client:
        answer = client.post(
            "v1/checks",
            content=bomb,
            headers={"Content-Type": FORM.partition(": ")[2], "Content-Encoding": encoding},
        )
    assert (answer.status_code, answer.json()["code"]) == (415, "content-encoding")


@pytest.mark.parametrize("headers", [["X-Long: " + "x" * 100_000], [f"X-{index}: 1" for index in range(20_000)]])
def test_heads_that_are_too_large(service: Serving, headers: list[str]) -> None:
    told = problem(service.say(head("Connection: close", *headers, method="GET", path="/healthz")))
    assert told["status"] in (400, 431)


def test_an_address_that_is_too_long(service: Serving) -> None:
    told = problem(service.say(head("Connection: close", method="GET", path="/" + "a" * 100_000)))
    assert told["status"] in (400, 431)


def test_requests_in_a_row_are_answered_in_their_order(service: Serving) -> None:
    form = part() + END
    check = head(FORM, f"Content-Length: {len(form)}") + form
    last = head("Connection: close", method="GET", path="/healthz")
    said = answers(service.say(check + head(method="GET", path="/nothing") + check + last))
    assert [status for status, _, _ in said] == [200, 404, 200, 200]
    assert json.loads(said[0][2])["results"][0]["verdict"]
    assert json.loads(said[3][2]) == {"status": "ok"}


@pytest.mark.parametrize(
    "body",
    [b"\x16\x03\x01\x02\x00\x01\x00", b"\r\n\r\nhello\r\n\r\n", b"GET\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
)
def test_what_is_not_http_is_told_so(service: Serving, body: bytes) -> None:
    said = answers(service.say(body, half_close=True))
    assert all(headers["content-type"] == "application/problem+json" for _, headers, _ in said)
    assert {status for status, _, _ in said} <= {400, 404}


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "", "multipart/mixed; boundary=x", "£"]
)
def test_media_types_that_hold_no_picture(service: Serving, kind: str) -> None:
    told = problem(service.say(head(f"Content-Type: {kind}", "Content-Length: 4", "Connection: close") + b"abcd"))
    assert told["status"] in (400, 415)


def test_addresses_are_not_fetched(service: Serving) -> None:
    with service.client() as client:
        answer = client.post("v1/checks", json={"url": "http://127.0.0.1:1/a.png"})
    assert answer.status_code == 415
    assert "not fetched" in answer.json()["detail"]


@pytest.mark.parametrize(
    "form",
    [
        b"",
        END,
        part() + b"--" + BOUNDARY,
        part()[:-20],
        b"no boundary at all",
        b"--" + BOUNDARY + b"\r\n" + PICTURE,
        b"--" + BOUNDARY + b"\r\nContent-Disposition: attachment; filename=a.png\r\n\r\nx\r\n" + END,
    ],
    ids=["empty", "no part", "cut in the end", "cut in the data", "text", "a part without head", "another disposition"],
)
def test_forms_that_are_broken(service: Serving, form: bytes) -> None:
    answer = checked(service, form)
    assert answer.status_code == 400
    assert answer.json()["code"] in ("multipart", "no-files")


def test_a_form_in_a_form_is_a_file_that_is_no_picture(service: Serving) -> None:
    inner = b"--inner\r\nContent-Disposition: file; filename=a.png\r\n\r\n" + PICTURE + b"\r\n--inner--\r\n"
    answer = checked(service, part(data=inner, headers=b"Content-Type: multipart/mixed; boundary=inner\r\n") + END)
    assert answer.json()["results"][0]["error"]["code"] == "unsupported-format"


def test_text_named_jpg_and_its_neighbours(service: Serving) -> None:
    files = [
        ("files", ("a.jpg", b"This is a text, whatever it is called.")),
        ("files", ("b.png", PICTURE)),
        ("files", ("empty.png", b"")),
        ("files", ("cut.png", PICTURE[:100])),
        ("other", ("c.png", PICTURE)),
    ]
    with service.client() as client:
        results = client.post("v1/checks", files=files).json()["results"]
    assert [each["file"] for each in results] == [name for _, (name, _) in files]
    assert [each.get("error", {}).get("code") for each in results] == [
        "unsupported-format", None, "empty", "corrupt", None,
    ]  # fmt: skip


def test_seventy_megabytes(service: Serving) -> None:
    large = PICTURE + bytes(70 * 10**6)
    files = [("files", ("large.png", large)), ("files", ("a.png", PICTURE))]
    with service.client() as client:
        results = client.post("v1/checks", files=files).json()["results"]
        assert results[0]["error"]["code"] == "too-large"
        assert results[1]["verdict"]
        answer = client.post("v1/checks", files={"files": ("larger.png", PICTURE + bytes(90 * MIB))})
        assert (answer.status_code, answer.json()["code"]) == (413, "request-too-large")


def test_more_uploads_than_memory_allows_are_put_off(service: Serving) -> None:
    """Two that hold much and go on; the third must wait, and is told so."""
    held = [service.connect(address) for address in ("127.0.0.2", "127.0.0.3")]
    for connection in held:
        connection.sendall(head(FORM, "Content-Length: 70000000") + part()[:150] + bytes(45 * MIB))
    with service.client() as client:
        until = time.monotonic() + 10
        while gauges(client)["imageauth_upload_bytes"] < 85 * MIB:
            assert time.monotonic() < until
            for connection in held:
                connection.sendall(bytes(16_000))
            time.sleep(0.1)
        answer = client.post("v1/checks", files={"files": ("a.png", bytes(20 * MIB))})
    for connection in held:
        connection.close()
    assert (answer.status_code, answer.json()["code"]) == (429, "memory")
    assert int(answer.headers["retry-after"]) >= 1


def test_clients_that_leave_in_the_middle(service: Serving, tmp_path: Path) -> None:
    form = part() + END
    for cut in (20, 200, len(form) - 1):
        for _ in range(10):
            with service.connect() as connection:
                connection.sendall(head(FORM, f"Content-Length: {len(form)}") + form[:cut])
    for _ in range(10):  # sent whole, and not waited for
        with service.connect() as connection:
            connection.sendall(head(FORM, f"Content-Length: {len(form)}") + form)


def test_pictures_that_blow_up(service: Serving) -> None:
    """40,000 × 40,000 pixels in 200 kB: refused by the header, not by the memory."""
    import struct

    def piece(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    size = struct.pack(">IIBBBBB", 40_000, 40_000, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(5001) * 40_000)
    bomb = b"\x89PNG\r\n\x1a\n" + piece(b"IHDR", size) + piece(b"IDAT", rows) + piece(b"IEND", b"")
    with service.client() as client:
        begun = time.monotonic()
        (result,) = client.post("v1/checks", files={"files": ("bomb.png", bomb)}).json()["results"]
    assert result["error"]["code"] == "too-large"
    assert time.monotonic() - begun < SOON


@pytest.mark.parametrize(
    "filler",
    [b"[],", b"{},", b'"",', b"1e308,", b"[", b'"' + b"a" * MIB + b'",', b"1" * 5000 + b","],
    ids=["lists", "objects", "texts", "huge numbers", "depth", "long texts", "long numbers"],
)
def test_tensors_in_json_that_swell_in_memory(service: Serving, filler: bytes) -> None:
    begin = b'{"inputs":[{"name":"pixels","shape":[1,32,32,3],"datatype":"FP32","data":['
    fill = filler * ((MOST_JSON - 200) // len(filler))
    before, begun = service.megabytes, time.monotonic()
    with service.client() as client:
        answer = client.post("v2/models/cifake/infer", content=begin + fill + b"0]}]}")
    assert answer.status_code in (400, 413)
    assert list(answer.json()) == ["error"]
    assert len(answer.content) < 1000
    assert time.monotonic() - begun < SOON
    assert service.megabytes - before < MOST_GROWTH
