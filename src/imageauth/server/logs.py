"""JSON logs, one object a line on standard error. No file name, address, key, picture or query is ever in them."""

import json
import logging
import sys
import time
from typing import Any

LOGGER = logging.getLogger("imageauth.server")
LEVELS = ("debug", "info", "warning", "error")


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03}Z"
        line: dict[str, Any] = {"time": at, "level": record.levelname.lower(), "event": record.getMessage()}
        line.update(getattr(record, "facts", {}))
        if record.exc_info and record.exc_info[1]:
            line["error"] = where(record.exc_info[1])
        return json.dumps(line, default=str)


def where(error: BaseException) -> list[str]:
    """An error for the log: its kind and the places in the code, outermost first, without its text, which may quote
    what a client sent.
    """
    places, step = [type(error).__name__], error.__traceback__
    while step:
        places.append(f"{step.tb_frame.f_code.co_filename.rpartition('/site-packages/')[2]}:{step.tb_lineno}")
        step = step.tb_next
    return places


def log(event: str, level: int = logging.INFO, error: BaseException | None = None, **facts: Any) -> None:
    """Write a line."""
    LOGGER.log(level, event, extra={"facts": facts}, exc_info=error)


def start(level: str) -> None:
    """Send our lines, and the web server's warnings, to standard error.

    Args:
        level: one of :data:`LEVELS`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    for name, least in (("imageauth.server", level.upper()), ("uvicorn", "ERROR"), ("asyncio", "ERROR")):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(least)
