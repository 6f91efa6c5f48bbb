"""How long ``import imageauth`` takes, and what a check of a file loads."""

import re
from collections.abc import Sequence
from pathlib import Path

from release.checks import Check
from release.environment import Environment

MAX_OWN_MS = 100
_RUNS = 3
HEAVY = {
    "fastapi",
    "keras",
    "matplotlib",
    "onnx",
    "optuna",
    "pyarrow",
    "ray",
    "sklearn",
    "tensorflow",
    "torch",
    "uvicorn",
}
_LINE = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \|\s*([\w.]+)\s*$", re.MULTILINE)


def check_import(environment: Environment, elsewhere: Path) -> Check:
    """Time spent in imageauth's own modules and, for a reader, in all that Python alone does not load: the best of
    three runs."""
    runs = [_times(environment, ["-c", "import imageauth"], elsewhere) for _ in range(_RUNS)]
    bare = _times(environment, ["-c", "pass"], elsewhere).keys()
    own = min(sum(ms for name, ms in run.items() if _top(name) == "imageauth") for run in runs)
    whole = min(sum(ms for name, ms in run.items() if name not in bare) for run in runs)
    found = f"{own:.1f} ms in its own modules (at most {MAX_OWN_MS}), {whole:.1f} ms with what they load"
    wrong = [f"import imageauth takes {own:.0f} ms, more than {MAX_OWN_MS}"] if own > MAX_OWN_MS else []
    return Check("import imageauth", found, tuple(wrong))


def check_loaded(environment: Environment, elsewhere: Path) -> Check:
    """Whether a check of a picture gets by without what only training, scans and the service need."""
    code = (
        "import io, sys, PIL.Image, imageauth; out = io.BytesIO()\n"
        "PIL.Image.linear_gradient('L').convert('RGB').save(out, 'PNG'); imageauth.check(out.getvalue())\n"
        "print(*sys.modules)"
    )
    done = environment.run("-c", code, cwd=elsewhere)
    loaded = {_top(name) for name in done.stdout.split()}
    wrong = [] if "ai_edge_litert" in loaded else ["a check of a file does not look at the pixels"]
    wrong += [f"a check of a file loads {name}" for name in sorted(loaded & HEAVY)]
    return Check("what a check loads", f"none of {', '.join(sorted(HEAVY))}", tuple(wrong))


def _times(environment: Environment, command: Sequence[str], elsewhere: Path) -> dict[str, float]:
    """Module → milliseconds in it alone (``-X importtime``)."""
    said = environment.run("-X", "importtime", *command, cwd=elsewhere).stderr
    return {name: int(microseconds) / 1000 for microseconds, name in _LINE.findall(said)}


def _top(name: str) -> str:
    return name.partition(".")[0]
