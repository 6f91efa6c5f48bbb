"""What action.yml runs: checks images of a repository, and tells GitHub what was found.

Settings come in the environment (IMAGEAUTH_PATHS, …), as action.yml gives them. Exit code: 0 fine, 1 an image could not
be checked and that is to fail, 2 wrong settings, 3 a verdict that is to fail.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from imageauth.images import has_image_suffix
from imageauth.rendering.text import percent
from imageauth.report import Verdict
from imageauth.scan.reading import read_rows
from imageauth.scan.rows import Row

# GitHub shows no more annotations of one kind for a step, and refuses a summary of more than 1 MiB.
_ANNOTATIONS, _TABLE = 10, 500
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def main(settings: Mapping[str, str]) -> int:
    """Run; returns the exit code."""
    paths = [line.strip() for line in settings.get("IMAGEAUTH_PATHS", ".").splitlines() if line.strip()] or ["."]
    fail_on = settings.get("IMAGEAUTH_FAIL_ON", "").split()
    if unknown := set(fail_on) - set(Verdict):
        wrong = f"fail-on takes {', '.join(Verdict)}, not {', '.join(sorted(unknown))}"
        print(f"::error::{_data(wrong)}")
        return 2
    out = Path(settings["IMAGEAUTH_OUT"])
    out.mkdir(parents=True, exist_ok=True)
    results = out / "results.jsonl"
    command = [sys.executable, "-m", "imageauth", "scan", "--out", str(results), "--quiet"]
    command += ["--model", settings.get("IMAGEAUTH_MODEL") or "auto"]
    changed = None
    if settings.get("IMAGEAUTH_CHANGED_ONLY", "true") == "true":
        changed = changed_images(settings.get("IMAGEAUTH_BASE", ""), paths)
        if changed is None:
            print("::notice::imageauth: what has changed cannot be told here, so all images are checked")
    if changed == []:
        print("No image was added or changed.")
        _tell(settings, "GITHUB_OUTPUT", "checked=0\nfound=0\nunchecked=0\nresults=\n")
        return 0
    if changed is None:
        done = subprocess.run([*command, "--", *paths], check=False)
    else:
        done = subprocess.run([*command, "--null", "-"], input=b"\0".join(changed), check=False)
    if done.returncode not in (0, 1):
        return done.returncode
    found, unchecked, checked = [], [], 0
    for row in read_rows(results):
        checked += "verdict" in row
        if "error" in row:
            unchecked.append(row)
        elif row["verdict"] in fail_on:
            found.append(row)
    for line in annotations(found, unchecked):
        print(line)
    _tell(settings, "GITHUB_STEP_SUMMARY", summary(checked, found, unchecked))
    told = f"checked={checked}\nfound={len(found)}\nunchecked={len(unchecked)}\nresults={results}\n"
    _tell(settings, "GITHUB_OUTPUT", told)
    subprocess.run([sys.executable, "-m", "imageauth", "review", str(results)], check=False)
    if found:
        return 3
    return 1 if unchecked and settings.get("IMAGEAUTH_FAIL_ON_UNCHECKED") == "true" else 0


def changed_images(base: str, paths: Sequence[str]) -> list[bytes] | None:
    """Images below ``paths`` that were added or changed since a commit; None where that cannot be told."""
    if not _COMMIT.fullmatch(base) or not base.strip("0"):
        return None
    # A shallow clone lacks it.
    known = subprocess.run(["git", "cat-file", "-e", f"{base}^{{commit}}"], capture_output=True, check=False)
    if known.returncode:
        fetch = ["git", "fetch", "--quiet", "--no-tags", "--depth=1", "origin", base]
        if subprocess.run(fetch, check=False).returncode:
            return None
    diff = ["git", "diff", "--name-only", "-z", "--no-renames", "--diff-filter=AMT", "--relative", base, "HEAD", "--"]
    done = subprocess.run([*diff, *paths], capture_output=True, check=False)
    if done.returncode:
        return None
    names = [name for name in done.stdout.split(b"\0") if name]
    return [name for name in names if has_image_suffix(os.fsdecode(name))]


def annotations(found: Sequence[Row], unchecked: Sequence[Row]) -> Iterator[str]:
    """Workflow commands that show findings beside the files."""
    for row in found[:_ANNOTATIONS]:
        yield f"::error file={_property(row['file'])},title={_property(_verdict(row))}::{_data(row['summary'])}"
    if len(found) > _ANNOTATIONS:
        yield f"::error::imageauth: {len(found) - _ANNOTATIONS:,} more in the summary"
    for row in unchecked[: _ANNOTATIONS - 1]:
        about = f"{row['error']['code']}: {row['error']['message']}"
        yield f"::warning file={_property(row['file'])},title=not checked::{_data(about)}"
    if len(unchecked) >= _ANNOTATIONS:
        yield f"::warning::imageauth: {len(unchecked) - _ANNOTATIONS + 1:,} more could not be checked"


def summary(checked: int, found: Sequence[Row], unchecked: Sequence[Row]) -> str:
    """Markdown for the summary of the job."""
    lines = [f"### imageauth: {checked:,} images checked, {len(found):,} found, {len(unchecked):,} not checked", ""]
    rows = [f"| {_inert(row['file'])} | {_inert(_verdict(row))} | {_inert(row['summary'])} |" for row in found]
    rows += [f"| {_inert(r['file'])} | not checked | {_inert(str(r['error']['message']))} |" for r in unchecked]
    if rows:
        lines += ["| file | verdict | why |", "|---|---|---|", *rows[:_TABLE]]
        if len(rows) > _TABLE:
            lines += ["", f"{len(rows) - _TABLE:,} more are in the results."]
    lines += ["", "A verdict from pixels is a measurement with a known rate of errors, not proof.", ""]
    return "\n".join(lines)


def _verdict(row: Row) -> str:
    return row["verdict"] if row["probability"] is None else f"{row['verdict']}, {percent(row['probability'])} AI"


def _data(text: str) -> str:
    """Text for a workflow command's message: it ends with its line."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _inert(text: str) -> str:
    """Text that is neither Markdown nor HTML, whatever is in it."""
    return re.sub(r"[^\w ./,-]", lambda match: f"&#{ord(match[0])};", text[:300]).replace("_", "&#95;")


def _tell(settings: Mapping[str, str], name: str, text: str) -> None:
    if path := settings.get(name):
        with Path(path).open("a", encoding="utf-8") as stream:
            stream.write(text)


if __name__ == "__main__":
    sys.exit(main(os.environ))
