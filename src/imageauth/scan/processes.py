"""Processes that work for a scan, each at the other end of a connection."""

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

# Seconds that a process has to end by itself.
_PATIENCE = 5.0


def start(target: Callable[..., None], *arguments: Any) -> tuple[BaseProcess, Connection]:
    """Start one that runs ``target(connection, *arguments)``; gives it and our end of the connection."""
    # A forked process would share locks and threads that are not there.
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=target, args=(theirs, *arguments), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def end(process: BaseProcess) -> None:
    """Wait a little for one whose connection was closed, then end it."""
    process.join(_PATIENCE)
    if process.is_alive():
        process.kill()
        process.join()
