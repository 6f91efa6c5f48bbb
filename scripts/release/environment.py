"""A clean virtual environment with the wheel in it and what it needs, and nothing else: no pip, no extras."""

import json
import os
import subprocess
import sys
import venv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from release.checks import Check
from release.contents import ROOT

# Far longer than the first run of a command takes on a slow machine.
_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Environment:
    """Such an environment.

    Attributes:
        python: its interpreter.
        packages: the folder of its packages.
    """

    python: Path
    packages: Path

    @staticmethod
    def with_wheel(folder: Path, wheel: Path, constraints: Path) -> "Environment":
        """Make one, in a folder that is replaced, and install a wheel with its base dependencies."""
        venv.create(folder, clear=True, symlinks=os.name != "nt", with_pip=False)
        python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
        pip = [
            sys.executable,
            "-m",
            "pip",
            "--python",
            str(python),
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        done = subprocess.run([*pip, "-c", str(constraints), str(wheel)], capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"the wheel cannot be installed:\n{done.stderr.strip()}")
        code = "import sysconfig; print(sysconfig.get_path('purelib'))"
        packages = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        return Environment(python, Path(packages))

    def run(self, *arguments: str, cwd: Path, command: bool = False) -> subprocess.CompletedProcess[str]:
        """Run its Python, or with ``command`` its ``imageauth``, with none of the settings that lead elsewhere."""
        settings = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "IMAGEAUTH"))}
        first = self.python.with_name("imageauth" + self.python.suffix) if command else self.python
        return subprocess.run(
            [first, *arguments], cwd=cwd, env=settings, capture_output=True, text=True, check=False, timeout=_SECONDS
        )


def check_commands(environment: Environment, version: str, elsewhere: Path) -> Check:
    """Whether ``--version`` says the version, and every command its help, without any extra."""
    code = (
        "import json, typer.main; from imageauth.cli import app\n"
        "def names(group, path=()):\n"
        "    yield path\n"
        "    for name, below in getattr(group, 'commands', {}).items(): yield from names(below, (*path, name))\n"
        "print(json.dumps(list(names(typer.main.get_command(app)))))"
    )
    listed = environment.run("-c", code, cwd=elsewhere)
    if listed.returncode:
        return Check("commands", "cannot be listed", (_last(listed),))
    names = json.loads(listed.stdout)
    wrong = []
    for name in names:
        done = environment.run(*name, "--help", cwd=elsewhere, command=True)
        if done.returncode or "Usage: imageauth" not in done.stdout:
            wrong.append(f"{' '.join(['imageauth', *name])} --help ended with {done.returncode}: {_last(done)}")
    said = environment.run("--version", cwd=elsewhere, command=True).stdout.strip()
    if said != f"imageauth {version}":
        wrong.append(f"imageauth --version says {said!r} instead of {version}")
    return Check("commands in a clean environment", f"{said}; {len(names)} helps", tuple(wrong))


def check_golden(environment: Environment, elsewhere: Path) -> Check:
    """Whether the installed package answers as the repository's golden scores say."""
    code = (
        f"import sys; sys.path.append({str(ROOT)!r}); import imageauth, pathlib\n"
        f"assert pathlib.Path(imageauth.__file__).is_relative_to({str(environment.packages)!r}), imageauth.__file__\n"
        "from tests.golden.__main__ import main; sys.exit(main())"
    )
    done = environment.run("-c", code, cwd=elsewhere)
    found = "; ".join(done.stdout.split("\n")[:-1])
    wrong = tuple(line for line in done.stderr.splitlines() if ": the " in line) if done.returncode else ()
    return Check("golden checks", found, wrong or ((_last(done),) if done.returncode else ()))


def _last(done: "subprocess.CompletedProcess[str]") -> str:
    lines: Sequence[str] = (done.stderr or done.stdout).strip().splitlines()
    return lines[-1] if lines else f"it said nothing and ended with {done.returncode}"
