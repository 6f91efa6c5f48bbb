"""Asks the imageauth that is installed, from Python and by its command; prints what is not as expected and exits 1."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from imageauth.report import Report
from tests.golden import PATTERNS, answer, as_png, differences, scores


def command_answers(pictures: dict[str, bytes]) -> dict[str, dict]:
    """What ``imageauth check --json`` says of files, all at once."""
    with tempfile.TemporaryDirectory() as name:
        for stem, data in pictures.items():
            (Path(name) / f"{stem}.png").write_bytes(data)
        command = [sys.executable, "-m", "imageauth", "check", name, "--json"]
        done = subprocess.run(command, cwd=name, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"imageauth check ended with {done.returncode}: {done.stderr.strip()}")
    reports = [Report.from_json(json.loads(line)) for line in done.stdout.splitlines()]
    return {Path(report.file).stem: answer(report) for report in reports}


def main() -> int:
    """The exit code."""
    wrong = []
    for model, made in PATTERNS.items():
        pictures = made()
        answers = command_answers({name: as_png(pixels) for name, pixels in pictures.items()})
        wrong += differences(model, scores(model, pictures), answers)
        print(f"{model}: {len(pictures)} scores and {len(answers)} answers compared")
    for line in wrong:
        print(line, file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
