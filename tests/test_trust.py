"""Trust lists: fetched, read from files, checked, kept, shown."""

import base64
import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from imageauth.cli import app
from imageauth.errors import ImageAuthError
from imageauth.provenance import fetching
from imageauth.provenance.credentials import read
from imageauth.provenance.fetching import FetchError, fetch, public, secure
from imageauth.provenance.trust import TrustError, TrustLists, lists_path, load, update
from imageauth.provenance.trust import store as trust_store
from imageauth.provenance.trust.kinds import KINDS, PUBLISHED, PURPOSES, SIGNERS
from imageauth.provenance.trust.parsing import MAX_BYTES, parse
from tests.signing import as_file, authority, created, picture, sign, signer_parts

ROOT = authority()
OTHER = authority("Other")
CONFIG = b"// purposes\n1.3.6.1.5.5.7.3.4\n# more\n1.3.6.1.5.5.7.3.36\n"


def official(name: str, *roots: bytes, status: str = "http://c2pa.org/conformance/trust-list/trusted") -> bytes:
    """A list in the form in which C2PA publishes it."""
    services = [
        {
            "ServiceInformation": {
                "ServiceName": [{"lang": "en", "value": "a"}],
                "ServiceStatus": status,
                "ServiceDigitalIdentity": {"X509Certificates": [{"val": base64.b64encode(root).decode()}]},
            }
        }
        for root in roots
    ]
    head = {"SchemeName": [{"lang": "en", "value": name}], "ListIssueDateTime": "2026-08-05T00:11:39Z"}
    entity = {"TrustedEntityServices": services}
    return json.dumps({"LoTE": {"ListAndSchemeInformation": head, "TrustedEntitiesList": [entity]}}).encode()


def der(pem: bytes) -> bytes:
    return base64.b64decode(b"".join(pem.splitlines()[1:-1]))


FILES = {
    "C2PA-TRUST-LIST.json": official("C2PA Trust List", der(ROOT.pem)),
    "C2PA-TSA-TRUST-LIST.json": official("C2PA TSA Trust List", der(OTHER.pem)),
    "anchors.pem": b"## Interim\nSomebody\n" + OTHER.pem,
    "allowed.pem": b"## Interim\n" + OTHER.pem,
    "store.cfg": CONFIG,
}


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder."""
    monkeypatch.setenv("IMAGEAUTH_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """All lists as files."""
    made = tmp_path / "lists"
    made.mkdir()
    for name, data in FILES.items():
        (made / name).write_bytes(data)
    return made


@pytest.fixture
def serve() -> Iterator[Callable[[dict[str, bytes | int]], str]]:
    """Starts a server with these answers by path: bytes, a status, or bytes for ever where the path is /endless."""
    servers = []

    def start(answers: dict[str, bytes | int]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = answers.get(self.path, 404)
                if isinstance(answer, int):
                    self.send_response(answer)
                    self.send_header("Location", "http://example.org/elsewhere")
                    self.end_headers()
                    return
                self.send_response(200)
                self.end_headers()
                try:
                    self.wfile.write(answer)
                    while self.path == "/endless":
                        self.wfile.write(answer)
                except OSError:
                    pass

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def addresses(base: str) -> dict[str, list[str]]:
    return {kind.name: [f"{base}/{file}" for file in kind.files] for kind in PUBLISHED}


# Fetching


def test_fetched_lists_are_kept_and_used(serve: Callable[[dict[str, bytes | int]], str]) -> None:
    base = serve({f"/{name}": data for name, data in FILES.items()})
    assert not load()
    lists = update(addresses=addresses(base))
    assert load() == lists
    assert [item.name for item in lists.lists] == [kind.name for kind in PUBLISHED]
    signers = lists.lists[0]
    assert (signers.entries, signers.issued, signers.source) == (
        1,
        "2026-08-05T00:11:39Z",
        f"{base}/C2PA-TRUST-LIST.json",
    )
    assert len(signers.sha256) == 64
    data, _ = sign(picture(), [created("digitalCapture")], root=ROOT)
    credentials = read(as_file(data), trust=lists)
    assert credentials is not None
    assert (credentials.state, credentials.anchored) == ("trusted", "c2pa")


def test_the_second_address_is_tried(serve: Callable[[dict[str, bytes | int]], str]) -> None:
    answers: dict[str, bytes | int] = {f"/{name}": data for name, data in FILES.items()}
    answers |= {"/C2PA-TRUST-LIST.json": b"<html>moved</html>", "/C2PA-TRUST-LIST.pem": ROOT.pem}
    lists = update(addresses=addresses(serve(answers)))
    assert lists.lists[0].source.endswith(".pem")


@pytest.mark.parametrize(
    "broken",
    [404, 500, 302, b"", b"<html>", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"[" * 100_000],
    ids=["missing", "error", "redirected to http", "empty", "page", "damaged", "nested"],
)
def test_all_or_nothing(serve: Callable[[dict[str, bytes | int]], str], broken: bytes | int, folder: Path) -> None:
    before = update(folder)
    answers: dict[str, bytes | int] = {f"/{name}": data for name, data in FILES.items()}
    base = serve(answers | {"/allowed.pem": broken})
    with pytest.raises(TrustError, match=r"no trust list was changed.*--from FILE"):
        update(addresses=addresses(base))
    assert load() == before


def test_too_much_is_refused(serve: Callable[[dict[str, bytes | int]], str]) -> None:
    base = serve({"/endless": bytes(100_000)})
    with pytest.raises(FetchError, match="more than 1 MiB"):
        fetch(f"{base}/endless", limit=2**20, seconds=20, check=secure)
    with pytest.raises(FetchError, match="longer than"):
        fetch(f"{base}/endless", limit=2**40, seconds=0.3, check=secure)


@pytest.mark.parametrize("address", ["http://example.org/x", "file:///etc/passwd", "ftp://x/y", "", "https:"])
def test_only_https(address: str) -> None:
    with pytest.raises(FetchError):
        fetch(address, limit=10, seconds=1, check=secure)


def test_public_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    hosts = {"inside.example": "10.0.0.1", "cloud.example": "169.254.169.254", "outside.example": "93.184.215.14"}
    monkeypatch.setattr(fetching.socket, "getaddrinfo", lambda host, *_, **__: [(0, 0, 0, "", (hosts[host], 0))])
    public("https://outside.example/x")
    for host in ("inside.example", "cloud.example"):
        with pytest.raises(FetchError, match="not a public"):
            public(f"https://{host}/x")


def test_a_redirection_is_checked_too(serve: Callable[[dict[str, bytes | int]], str]) -> None:
    base = serve({"/x": 302})
    with pytest.raises(FetchError, match=r"example\.org/elsewhere is not an https"):
        fetch(f"{base}/x", limit=10, seconds=5, check=secure)


@pytest.fixture
def drip() -> Iterator[Callable[..., str]]:
    """Starts a server that sends ``first`` at once, then ``again`` every 20 ms until nobody listens."""
    servers = []

    def start(first: bytes, again: bytes, pause: float = 0.02) -> str:
        server = socket.create_server(("127.0.0.1", 0))
        servers.append(server)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    line, _ = server.accept()
                    with line, contextlib.suppress(OSError):
                        line.sendall(first)
                        while True:
                            line.sendall(again)
                            time.sleep(pause)

        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{server.getsockname()[1]}/x"

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
        (b"HTTP/1.1 200 OK\r\nA: ", b"b"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"b"),
        (b"", b"H"),
    ],
    ids=["lines of the head", "one line of the head", "size of a chunk", "body", "status"],
)
def test_the_limit_of_time_holds_whatever_the_server_does(drip: Callable[..., str], first: bytes, again: bytes) -> None:
    address = drip(first, again)
    begun = time.monotonic()
    with pytest.raises(FetchError):
        fetch(address, limit=2**20, seconds=0.5, check=secure)
    assert time.monotonic() - begun < 5
    until = time.monotonic() + 10
    while (left := any(item.name == "imageauth-fetch" for item in threading.enumerate())) and time.monotonic() < until:
        time.sleep(0.05)
    assert not left


def test_what_comes_with_a_redirection_is_not_read(drip: Callable[..., str]) -> None:
    body = b"x" * 2**16
    address = drip(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/\r\n\r\n", body, 0)
    with pytest.raises(FetchError, match="cannot be fetched"):
        fetch(address, limit=2**20, seconds=20, check=secure)


def test_less_than_announced_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def once() -> None:
            line, _ = server.accept()
            with line:
                line.recv(10_000)
                line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")

        threading.Thread(target=once, daemon=True).start()
        with pytest.raises(FetchError, match="less than it announces"):
            fetch(f"http://127.0.0.1:{server.getsockname()[1]}/x", limit=10, seconds=20, check=secure)


def test_the_address_that_was_checked_is_the_one_visited(
    serve: Callable[[dict[str, bytes | int]], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that means another machine at every question leads nowhere else."""
    port = serve({"/x": b"yes"}).rpartition(":")[2]
    visited: list[str] = []
    real = socket.create_connection

    def connect(target: tuple[str, int], *rest: object) -> socket.socket:
        visited.append(target[0])
        return real(("127.0.0.1", target[1]), *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(fetching.socket, "create_connection", connect)
    monkeypatch.setattr(fetching, "_network_addresses", lambda *_: ("93.184.215.14",))
    assert fetch(f"http://Changing.example:{port}/x", limit=10, seconds=20, check=public) == b"yes"
    assert visited == ["93.184.215.14"]


# From files


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_from_a_folder_or_an_archive(folder: Path, tmp_path: Path, form: str) -> None:
    (folder / "README.md").write_text("x")
    (folder / "unknown.pem").write_bytes(b"nonsense")
    source = folder
    if form == "zip":
        source = tmp_path / "lists.zip"
        with zipfile.ZipFile(source, "w") as archive:
            for file in folder.iterdir():
                archive.write(file, f"deep/er/{file.name}")
    lists = update(source)
    assert [item.name for item in lists.lists] == [kind.name for kind in PUBLISHED]


@pytest.mark.parametrize("name", FILES)
def test_from_one_file_leaves_the_others(folder: Path, name: str) -> None:
    lists = update(folder / name)
    assert len(lists.lists) == 1
    assert len(update(folder).lists) == 5
    assert len(update(folder / name).lists) == 5


def test_json_is_known_by_what_it_says(tmp_path: Path) -> None:
    file = tmp_path / "whatever.json"
    file.write_bytes(FILES["C2PA-TSA-TRUST-LIST.json"])
    assert update(file).lists[0].name == "c2pa-time-stamps"


def test_a_list_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "our-newsroom.pem"
    file.write_bytes(ROOT.pem)
    lists = update(file)
    assert [item.name for item in lists.lists] == ["own"]
    data, _ = sign(picture(), [created("digitalCapture")], root=ROOT)
    credentials = read(as_file(data), trust=load())
    assert credentials is not None
    assert (credentials.state, credentials.anchored) == ("trusted", "own")


def test_a_single_signer_of_ones_own(tmp_path: Path) -> None:
    chain, _ = signer_parts(ROOT, "Test Camera", timedelta(days=30))
    file = tmp_path / "signer.pem"
    file.write_bytes(chain.partition(b"-----END CERTIFICATE-----\n")[0] + b"-----END CERTIFICATE-----\n")
    assert [item.name for item in update(file).lists] == ["own-signers"]
    data, _ = sign(picture(), [created("digitalCapture")], root=ROOT)
    credentials = read(as_file(data), trust=load())
    assert credentials is not None
    assert (credentials.state, credentials.anchored) == ("trusted", "own-signers")


def test_copies_of_repositories_hold_other_lists_of_the_same_name(tmp_path: Path) -> None:
    for path, data in (
        ("verify-site/static/trust/anchors.pem", ROOT.pem),
        ("c2pa-rs/cli/tests/fixtures/trust/anchors.pem", OTHER.pem),
    ):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_bytes(data)
    assert update(tmp_path).lists[0].source.startswith("verify-site")
    (tmp_path / "more/verify-site/static/trust").mkdir(parents=True)
    (tmp_path / "more/verify-site/static/trust/anchors.pem").write_bytes(OTHER.pem)
    with pytest.raises(TrustError, match="both claim to be"):
        update(tmp_path)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("missing", None, "no such file"),
        ("empty.pem", b"", "nothing in it"),
        ("x.pem", b"\xff\xfe\x00", "no usable"),
        ("store.cfg", b"<html>", "not an object identifier"),
        (
            "C2PA-TRUST-LIST.pem",
            b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----",
            "no usable list .C2PA trust list",
        ),
        ("x.json", b"{}", "no usable"),
        ("x.json", official("C2PA Trust List", b"nonsense"), "certificate 1 of 1 is damaged"),
        ("x.json", official("C2PA Trust List", der(ROOT.pem), status="withdrawn"), "nothing in it"),
        ("x.pem", b"x" * (MAX_BYTES + 1), "larger than"),
        ("x.zip", b"PK\x05\x06" + bytes(18), "no trust list in it"),
        ("x.zip", b"PK\x03\x04 cut", "no usable"),
    ],
)
def test_what_is_no_list(tmp_path: Path, name: str, data: bytes | None, message: str, folder: Path) -> None:
    before = update(folder)
    file = tmp_path / name
    if data is not None:
        file.write_bytes(data)
    with pytest.raises(ImageAuthError, match=message) as error:
        update(file)
    assert "\n" not in str(error.value)
    assert load() == before


def test_an_archive_that_swells_is_bounded(tmp_path: Path) -> None:
    file = tmp_path / "bomb.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(12):
            archive.writestr(f"{number}.pem", bytes(MAX_BYTES))
    with pytest.raises(TrustError, match="holds too much"):
        update(file)


@pytest.mark.parametrize("method", ["ZIP_DEFLATED", "ZIP_LZMA", "ZIP_BZIP2"])
def test_a_damaged_archive(tmp_path: Path, method: str) -> None:
    file = tmp_path / "lists.zip"
    with zipfile.ZipFile(file, "w", getattr(zipfile, method)) as archive:
        archive.writestr("anchors.pem", OTHER.pem * 9)
    data = bytearray(file.read_bytes())
    for at in range(41, 80):
        data[at] ^= 0xFF
    file.write_bytes(data)
    with pytest.raises(TrustError, match="a damaged or encrypted archive"):
        update(file)


def test_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "e").mkdir()
    with pytest.raises(TrustError, match="looked for C2PA-TRUST-LIST"):
        update(tmp_path / "e")


# Keeping


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"schema":"imageauth/trust/1"}', b"[" * 100_000, b'{"schema":"other","lists":[]}']
)
def test_damaged_lists_are_an_error_and_can_be_replaced(damage: bytes, folder: Path) -> None:
    update(folder)
    lists_path().write_bytes(damage)
    with pytest.raises(TrustError, match="imageauth trust update"):
        load()
    assert update(folder) == load()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("text", 5), ("text", None), ("text", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n")),
        *(("name", ["c2pa"]), ("entries", "1"), ("entries", True), ("fetched", {}), ("issued", 3), ("sha256", None)),
    ],
)
def test_lists_with_a_field_of_another_type_are_damaged(folder: Path, field: str, value: object) -> None:
    update(folder)
    data = json.loads(lists_path().read_text())
    data["lists"][0][field] = value
    lists_path().write_text(json.dumps(data))
    with pytest.raises(TrustError, match="imageauth trust update"):
        load()


def test_a_list_of_another_version_may_have_more_fields(folder: Path) -> None:
    update(folder)
    data = json.loads(lists_path().read_text())
    data["lists"][0]["new"] = 1
    data["lists"].append(data["lists"][0] | {"name": "unheard of"})
    lists_path().write_text(json.dumps(data))
    assert len(load().lists) == 5


@pytest.mark.parametrize(
    ("platform", "variables", "end"),
    [
        ("linux", {"XDG_DATA_HOME": "/x/data"}, "/x/data/imageauth"),
        ("linux", {"XDG_DATA_HOME": "relative"}, ".local/share/imageauth"),
        ("linux", {}, ".local/share/imageauth"),
        ("darwin", {}, "Library/Application Support/imageauth"),
        ("win32", {"APPDATA": "/c/roaming"}, "/c/roaming/imageauth"),
        ("win32", {}, "AppData/Roaming/imageauth"),
    ],
)
def test_data_folder(monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], end: str) -> None:
    for name in ("IMAGEAUTH_DATA", "XDG_DATA_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(trust_store.sys, "platform", platform)
    assert trust_store.data_folder().as_posix().endswith(end)


def test_nobody_is_trusted_without_signers() -> None:
    assert not TrustLists()
    assert not TrustLists((parse(PURPOSES, CONFIG, "x"),))
    assert TrustLists((parse(SIGNERS, ROOT.pem, "x"),))


def test_published_addresses_are_https() -> None:
    assert all(address.startswith("https://") for kind in PUBLISHED for address in kind.addresses)
    assert len(KINDS) == 7


# The command


def test_the_command(folder: Path) -> None:
    run = CliRunner().invoke
    assert "imageauth trust update" in run(app, ["trust"]).stdout
    done = run(app, ["trust", "update", "--from", str(folder)])
    assert done.exit_code == 0
    shown = run(app, ["trust"]).stdout
    assert shown == done.stdout
    for item in load().lists:
        assert item.title in shown
        assert item.sha256 in shown
        assert item.fetched[:10] in shown
    plain = json.loads(run(app, ["trust", "--json"]).stdout)
    assert [item["name"] for item in plain["lists"]] == [kind.name for kind in PUBLISHED]


def test_the_command_says_in_one_line_what_is_wrong(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["trust", "update", "--from", str(tmp_path / "none")])
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert "no such file" in done.stderr


def test_a_folder_that_cannot_be_made(monkeypatch: pytest.MonkeyPatch, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("IMAGEAUTH_DATA", str(tmp_path / "file" / "below"))
    assert not load()
    with pytest.raises(ImageAuthError):
        update(folder)


def test_importing_loads_nothing_heavy() -> None:
    code = "import imageauth.provenance.trust, sys; print({'numpy', 'PIL', 'c2pa', 'cryptography'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in ("set()", "{'numpy', 'PIL'}", "{'PIL', 'numpy'}")


def test_shared_lists(shared: Path) -> None:
    lists = update(shared / "samples" / "trust")
    assert {item.name: item.entries for item in lists.lists} == {
        "c2pa": 30,
        "c2pa-time-stamps": 22,
        "interim": 18,
        "interim-signers": 86,
        "purposes": 6,
    }
