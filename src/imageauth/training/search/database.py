"""The study's SQLite file: opened by one process at a time, never taken from somebody else, errors in one line."""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from imageauth.errors import DataError
from imageauth.escaping import one_line

FILE = "study.db"
NAME = "imageauth tune cifake"
PRUNER = optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=2)  # never after one epoch, as rates still rise


@contextlib.contextmanager
def opened(out: Path, facts: dict[str, Any]) -> Iterator[optuna.Study]:
    """The study in ``out``, new if there is none, held for this process alone.

    Args:
        out: its folder, made if needed.
        facts: of the study: those of the one found must be equal.

    Raises:
        DataError: the file is no study of this command, or one with other facts, or another process holds it.
    """
    out.mkdir(parents=True, exist_ok=True)
    file = out / FILE
    with errors(out):
        _refuse_foreign(file)
        with _held(out):
            optuna.logging.set_verbosity(optuna.logging.CRITICAL)
            # Not by a URL: a path may hold characters that mean something there.
            engine = {"creator": lambda: sqlite3.connect(file, timeout=60), "poolclass": NullPool}
            try:
                storage = optuna.storages.RDBStorage("sqlite://", engine_kwargs=engine)
            except RuntimeError as error:
                raise DataError(f"{file} is of another version of Optuna: choose another --out") from error
            names = optuna.get_all_study_names(storage)
            if names and NAME not in names:
                raise DataError(f"{file} holds another study, {names[0]!r}: choose another --out")
            study = optuna.create_study(
                storage=storage, study_name=NAME, direction="maximize", pruner=PRUNER, load_if_exists=True
            )
            _compare(file, study, json.loads(json.dumps(facts)))
            try:
                yield study
            finally:
                storage.remove_session()
                storage.engine.dispose()


@contextlib.contextmanager
def errors(out: Path) -> Iterator[None]:
    """What SQLite, SQLAlchemy and Optuna raise meanwhile becomes a :class:`DataError` with SQLite's own reason."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, optuna.exceptions.StorageInternalError) as error:
        reason: BaseException = error
        while not isinstance(reason, sqlite3.Error) and (deeper := reason.__cause__):
            reason = deeper
        raise DataError(f"{out / FILE}: {one_line(reason, 200)}") from error


def _refuse_foreign(file: Path) -> None:
    """Look before Optuna does, which would add its tables to any database."""
    if not file.exists() or not file.stat().st_size:
        return
    with contextlib.closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if tables and not tables & {"studies", "version_info"}:
        raise DataError(f"{file} is a database of something else: choose another --out")


@contextlib.contextmanager
def _held(out: Path) -> Iterator[None]:
    """A lock that the system drops with the process, however it ends: an SQLite transaction on a file of its own."""
    with contextlib.closing(sqlite3.connect(out / "lock.db", timeout=0)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error):
                raise
            raise DataError(f"another process works on {out}") from error
        yield


def _compare(file: Path, study: optuna.Study, facts: dict[str, Any]) -> None:
    """Record the facts in a new study, or refuse one that was begun with others."""
    known = study.user_attrs.get("facts")
    if known is None:
        study.set_user_attr("facts", facts)
        return
    for name, value in facts.items():
        if known.get(name) != value:
            was = "" if isinstance(value, dict) else f" ({known.get(name)}, not {value})"
            raise DataError(
                f"{file} was begun with another {name.replace('_', ' ')}{was}: "
                "go on with the same, or choose another --out"
            )
