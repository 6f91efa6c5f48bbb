"""The code blocks of the documentation, and a shell that runs them: a temporary folder with what the pages speak of.

Commands of imageauth run in this process. What cannot run here is in :data:`NOT_RUN`, or its block says so with a
comment above it, ``<!-- not run: REASON -->``; that its command and options exist is checked all the same.
A block of text under ``<!-- output -->`` must be what the block above it printed, but for numbers and for what ``…``
stands for. Python that stands word by word in a file below examples/ is an excerpt: the tests of its package run it.
"""

import contextlib
import glob
import io
import itertools
import re
import runpy
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from imageauth.cli import app

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ADDRESS = "http://127.0.0.1:8000"
# The beginning of a line → why it is not run; what it would have made is not used by later lines either.
NOT_RUN = {
    "imageauth serve": "waits for ever; a service stands in for it",
    "imageauth train": "hours of training",
    "imageauth tune": "hours of training",
    "imageauth data": "the pictures",
    "imageauth recalibrate": "some hundred labelled pictures; tests/test_recalibrate.py has them",
    "imageauth compare": "the same; tests/test_compare.py has them",
    "imageauth export photo": "hundreds of megabytes; tests/test_export.py writes every form of cifake",
    "imageauth web": "needs files from npm; tests/test_private_runtime.py builds a site",
    "imageauth trust update": "the network, unless --from is given",
    "pip install": "installs",
    "make": "installs, or runs everything",
    "docker": "needs a daemon",
    "git clone": "the network",
}
_BLOCK = re.compile(
    r"(?:<!-- (?P<note>[^\n]*?) -->\n)?(?P<indent> *)```(?P<kind>sh|python|text)\n(?P<code>.*?)\n(?P=indent)```", re.S
)
_ELSEWHERE = re.compile(r"\b(s3|gs|az|https)://|--ray\b")
# A file that cannot be checked, and a verdict of --fail-on, are no mistake of a page.
_FINE = {"check": (0, 1, 3), "scan": (0, 1, 3), "verify-report": (0, 3)}


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a page.

    Attributes:
        kind: ``sh``, ``python`` or ``text``.
        code: without indentation.
        note: what the comment above it says.
        line: where it begins.
    """

    kind: str
    code: str
    note: str
    line: int

    def commands(self) -> Iterator[str]:
        """Of a shell block: one command each, without comments."""
        for line in self.code.replace("\\\n", " ").splitlines():
            if text := re.sub(r"(^|\s+)#( .*)?$", "", line).strip():
                yield text


def blocks(page: Path) -> list[Block]:
    """All blocks of a page that are run, or compared."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(
            match["kind"],
            re.sub(rf"(?m)^{match['indent']}", "", match["code"]),
            match["note"] or "",
            text.count("\n", 0, match.start("kind")) + 1,
        )
        for match in _BLOCK.finditer(text)
    ]


def check_command(command: str) -> None:
    """That a command of imageauth exists with its options, and that pip installs an extra that there is."""
    if command.startswith("pip install"):
        extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
            "optional-dependencies"
        ]
        for named in re.findall(r"(?:\.|imageauth)\[([\w,]+)\]", command):
            assert set(named.split(",")) <= set(extras), command
    if command.startswith("make "):
        assert re.search(rf"(?m)^{command.split()[1]}:", (ROOT / "Makefile").read_text(encoding="utf-8")), command
    for part in re.findall(r"(?:^|\| *|^[A-Z_]+=\S+ )imageauth ([^|<>]*)", command):
        words = shlex.split(part)
        named = [words.pop(0)] if words else []
        group = CliRunner().invoke(app, [*named, "--help"]).output
        if words and re.search(rf"(?m)^  {re.escape(words[0])} ", group.partition("Commands:")[2]):
            named.append(words.pop(0))
        shown = CliRunner().invoke(app, [*named, "--help"], terminal_width=200).output
        assert "Usage: " in shown, command
        for option in (word.partition("=")[0] for word in words if word.startswith("--")):
            assert re.search(rf"{option}\b", shown), f"{command}: {option}"


@dataclass(slots=True)
class Shell:
    """Runs the blocks of one page in a folder, one after the other.

    Attributes:
        folder: what the page's reader sits in; the process is there, too.
        serve: gives the address of a running service.
        names: of the page's Python.
        absent: what commands would have made that were not run.
        printed: by the last block, on standard output.
    """

    folder: Path
    serve: Callable[[], str]
    names: dict[str, Any] = field(default_factory=dict)
    absent: set[str] = field(default_factory=set)
    printed: str = ""

    def run(self, block: Block) -> None:
        """Run a block, or compare it."""
        if block.kind == "text":
            if block.note == "output":
                compare(block.code, self.printed)
            return
        left_out = block.note.startswith("not run: ")
        self.printed = ""
        if block.kind == "python":
            if not left_out:
                self._python(block)
            return
        for command in block.commands():
            check_command(command)
            if left_out or self._cannot_run(command):
                self.absent |= made(command)
            else:
                self._command(command)

    def _cannot_run(self, command: str) -> bool:
        if command.startswith("imageauth trust update --from"):
            return False
        words = set(shlex.split(command))
        uses = any(word == path or word.startswith(f"{path}/") for word in words for path in self.absent)
        return uses or bool(_ELSEWHERE.search(command)) or any(command.startswith(start) for start in NOT_RUN)

    def _python(self, block: Block) -> None:
        if excerpt(block.code):
            return
        code = self._here(block.code)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(compile(code, f"line {block.line}", "exec"), self.names)
        self.printed = out.getvalue()

    def _command(self, command: str) -> None:
        words = shlex.split(command, posix=False)
        if "imageauth scan " in command and "--resume" not in command:
            # Lines of a block may stand for one another: each begins where there are no results yet.
            for path in made(command):
                remove(Path(path))
        plain = not set("|;&$") & set(re.sub(r"\"[^\"]*\"|'[^']*'", "", command))
        if plain and words[0] == "imageauth":
            self._imageauth(words[1:], command)
        elif plain and words[0] == "python" and words[1].endswith(".py"):
            with as_program(words[1:]), contextlib.redirect_stdout(io.StringIO()) as out:
                try:
                    runpy.run_path(words[1], run_name="__main__")
                except SystemExit as end:
                    if end.code:
                        raise AssertionError(f"{command}\n{end.code}") from end
            self.printed += out.getvalue()
        else:
            # What a user's shell finds on the path after installation.
            functions = (
                f'imageauth() {{ "{sys.executable}" -m imageauth "$@"; }}\npython() {{ "{sys.executable}" "$@"; }}\n'
            )
            script = functions + self._here(command).replace("curl ", "curl --silent --show-error --fail ", 1)
            done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=False)
            assert done.returncode in (0, 1), f"{command}\n{done.stderr}"
            assert done.returncode == 0 or "imageauth" in command, f"{command}\n{done.stderr}"
            self.printed += done.stdout

    def _imageauth(self, words: list[str], command: str) -> None:
        given, sink, arguments = None, None, []
        while words:
            word = words.pop(0)
            if word == "<":
                given = Path(words.pop(0)).read_bytes()
            elif word == ">":
                sink = Path(words.pop(0))
            elif word[0] in "\"'":
                arguments.append(word[1:-1])
            else:
                arguments += sorted(glob.glob(word)) or [word]
        result = CliRunner().invoke(app, arguments, input=given)
        assert result.exit_code in _FINE.get(arguments[0], (0,)), f"{command}\n{result.output}\n{result.exception!r}"
        assert result.exception is None or isinstance(result.exception, SystemExit), command
        if sink:
            sink.write_text(result.stdout, encoding="utf-8")
        else:
            self.printed += result.stdout

    def _here(self, text: str) -> str:
        """With the address of a running service, where one is asked."""
        bare = ADDRESS.removeprefix("http://")
        if bare not in text:
            return text
        return text.replace(bare, self.serve().removeprefix("http://").strip("/"))


@contextlib.contextmanager
def as_program(arguments: list[str]) -> Iterator[None]:
    """``sys.argv`` and the modules beside it, as ``python PROGRAM`` has them."""
    before, modules = (sys.argv, sys.path[:]), set(sys.modules)
    beside = Path(arguments[0]).parent.resolve()
    sys.argv, sys.path[:0] = arguments, [str(beside)]
    try:
        yield
    finally:
        sys.argv, sys.path[:] = before
        # Another page's program may have others of the same names.
        for name in set(sys.modules) - modules:
            file = getattr(sys.modules[name], "__file__", None)
            if file and Path(file).is_relative_to(beside):
                del sys.modules[name]


@lru_cache
def examples() -> tuple[str, ...]:
    """The text of each Python file of the examples."""
    return tuple(path.read_text(encoding="utf-8") for path in sorted((ROOT / "examples").rglob("*.py")))


def excerpt(code: str) -> bool:
    """Whether some Python is a part of an example's file."""
    return any(code in text for text in examples())


def remove(path: Path) -> None:
    """A file or folder, if it is there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def made(command: str) -> set[str]:
    """Paths that a command writes to."""
    words = shlex.split(command)
    return {word.rstrip("/") for option, word in itertools.pairwise(words) if option in ("--to", "--out")}


def compare(expected: str, printed: str) -> None:
    """That all lines stand in what was printed, in their order; numbers are not compared."""
    at, lines = 0, [same(line) for line in printed.splitlines()]
    for line in expected.splitlines():
        pattern = ".*".join(re.escape(same(part)) for part in line.rstrip().split("…"))
        while at < len(lines) and not re.fullmatch(pattern, lines[at].rstrip()):
            at += 1
        assert at < len(lines), f"not printed: {line}\n{printed}"
        at += 1


def same(line: str) -> str:
    """A line whose numbers are all alike, and whose columns are as wide as their words."""
    return re.sub(r"(?<=\S) +", " ", re.sub(r" *<?\d[\d.,]*(e[-+]?\d+)?", " N", line))
