"""``imageauth serve``"""

import ipaddress
import re
from pathlib import Path
from typing import Annotated

import typer

from imageauth.cli.options import Model, PolicyFile
from imageauth.models import AUTO


def serve(
    host: Annotated[str, typer.Option(help="Address to listen at; 0.0.0.0 opens it to the network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 picks a free one.")] = 8000,
    model: Model = AUTO,
    policy: PolicyFile = None,
    api_keys: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Ask for a key: name:sha256 lines; see --new-key.")
    ] = None,
    new_key: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Make a key, print it and its line for --api-keys, and exit."),
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(metavar="N/minute", help="Pictures that one key, or else one address, may have checked."),
    ] = None,
    max_files: Annotated[int, typer.Option(min=1, max=1000, help="Files in one request.")] = 32,
    max_file_mib: Annotated[int, typer.Option(min=1, max=64, help="MiB of one file.")] = 64,
    max_request_mib: Annotated[int, typer.Option(min=1, help="MiB of one request.")] = 256,
    max_megapixels: Annotated[float, typer.Option(min=0.001, max=100, help="Megapixels of one picture.")] = 100,
    max_seconds: Annotated[float, typer.Option(min=1, help="Seconds until an answer must begin.")] = 300,
    memory_mib: Annotated[int, typer.Option(min=64, help="MiB that all uploads together may hold.")] = 512,
    queue: Annotated[int, typer.Option(min=1, max=10_000, help="Pictures that wait or are worked on.")] = 32,
    allow_origin: Annotated[
        list[str] | None, typer.Option(metavar="ORIGIN", help="A site whose pages may call the service; repeatable.")
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="A reverse proxy, or a network of them, whose X-Forwarded-For is believed; repeatable.",
        ),
    ] = None,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Serve the page and the API on this machine. Nothing that is sent to it is kept.

    Exit code: 0 stopped by Ctrl-C or SIGTERM, 2 it could not start.
    """
    from imageauth.errors import ImageAuthError, MissingExtraError

    try:
        from imageauth.server import logs, rates, running
        from imageauth.server.app import create_app
        from imageauth.server.keys import check_name, hash_key
        from imageauth.server.keys import new_key as make_key
        from imageauth.server.settings import MIB, Limits, Settings
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("imageauth"):
            raise
        raise MissingExtraError("imageauth serve", "serve") from error
    from imageauth.detector import Detector
    from imageauth.policy import read_policy
    from imageauth.verdict import STANDARD

    if new_key is not None:
        check_name(new_key)
        key = make_key()
        print(f"key, shown only now: {key}\nline for --api-keys: {new_key}:{hash_key(key)}")
        return
    for origin in allow_origin or ():
        if not re.fullmatch(r"https?://[^/\s*]+", origin):
            raise ImageAuthError(
                f"--allow-origin is a scheme and a host, such as https://newsroom.example, not {origin!r}"
            )
    for proxy in trusted_proxy or ():
        if not _is_network(proxy):
            raise ImageAuthError(
                f"--trusted-proxy is an address or a network, such as 10.0.0.5 or 10.0.0.0/24, not {proxy!r}"
            )
    if log_level not in logs.LEVELS:
        raise ImageAuthError(f"--log-level is one of {', '.join(logs.LEVELS)}, not {log_level!r}")
    settings = Settings(
        limits=Limits(
            file_bytes=max_file_mib * MIB,
            request_bytes=max_request_mib * MIB,
            files=max_files,
            pixels=round(max_megapixels * 10**6),
            memory_bytes=memory_mib * MIB,
            queue=queue,
            request_seconds=max_seconds,
        ),
        api_keys=api_keys,
        rate=rates.read_rate(rate) if rate else None,
        allow_origins=tuple(allow_origin or ()),
        trusted_proxies=tuple(trusted_proxy or ()),
    )
    listener = running.bind(host, port)
    with listener:
        rules = read_policy(policy) if policy else STANDARD
        app = create_app(Detector(model, policy=rules), settings)
        logs.start(log_level)
        running.serve(
            app,
            listener,
            settings,
            lambda: print(f"imageauth is at {running.url_of(listener)} (Ctrl-C stops it)", flush=True),
        )


def _is_network(text: str) -> bool:
    """Whether it is an address or a network; not all there are: with them anyone could say who asks."""
    try:
        return ipaddress.ip_network(text).prefixlen > 0
    except ValueError:
        return False
