"""Builds what would be published, installs it in a clean environment, and checks it: ``make release-check``.

Writes build/release/: the packages in dist/, sbom.cdx.json, licences.md and report.json. Exit code 1: a check failed.
Nothing is published. docs/release.md tells what is checked and why.
"""

import json
import platform
import shutil
import sys
import tempfile
import time
from pathlib import Path

from release import building, contents, environment, imports, licences, sbom, wheels
from release.checks import Check, table

OUT = contents.ROOT / "build" / "release"


def version() -> str:
    """That of the source."""
    text = (contents.ROOT / "src" / "imageauth" / "__init__.py").read_text(encoding="utf-8")
    return text.split('__version__ = "')[1].split('"')[0]


def check_packages(dist: Path, again: Path, machine: contents.Machine) -> tuple[list[Check], Path]:
    """Build the packages, twice, and look into them.

    Args:
        dist: where they are to lie.
        again: an empty folder for the second build.
        machine: that builds them.
    """
    source = building.build_source(dist)
    wheel, isolated = building.build_wheel(source, dist)
    how = "in an isolated environment" if isolated else "with the build tools of this environment"
    checks = [
        Check("build", f"{source.name}, and {wheel.name} from it, {how}"),
        building.check_twice(source, building.build_source(again), "the source archive"),
        building.check_twice(wheel, building.build_wheel(source, again)[0], "the wheel"),
        building.check_source(source, wheel),
        contents.check_contents(source, machine),
        wheels.check_parts(wheel, version()),
        contents.check_contents(wheel, machine),
        wheels.check_weights(wheel),
        wheels.check_size(wheel),
    ]
    return checks, wheel


def check_installed(wheel: Path, elsewhere: Path, machine: contents.Machine) -> list[Check]:
    """Install the wheel with its base dependencies and nothing else, and use it from another folder."""
    clean = environment.Environment.with_wheel(OUT / "venv", wheel, contents.ROOT / "constraints.txt")
    packages = licences.installed(clean.packages)
    (OUT / "licences.md").write_text(licences.as_markdown(packages, version()), encoding="utf-8")
    bill = OUT / "sbom.cdx.json"
    listed = sbom.write(clean, bill)
    return [
        environment.check_commands(clean, version(), elsewhere),
        environment.check_golden(clean, elsewhere),
        imports.check_import(clean, elsewhere),
        imports.check_loaded(clean, elsewhere),
        licences.check_licences(packages),
        sbom.check_sbom(bill, listed, len(packages), machine),
    ]


def main() -> int:
    """The exit code."""
    began = time.monotonic()
    shutil.rmtree(OUT, ignore_errors=True)
    (OUT / "dist").mkdir(parents=True)
    machine = contents.Machine.this()
    with tempfile.TemporaryDirectory() as again, tempfile.TemporaryDirectory() as elsewhere:
        checks, wheel = check_packages(OUT / "dist", Path(again), machine)
        checks += check_installed(wheel, Path(elsewhere), machine)
    failures = [line for check in checks for line in check.failures]
    report = {
        "version": version(),
        "python": platform.python_version(),
        "platform": platform.system(),
        "passed": not failures,
        "checks": [check.to_json() for check in checks],
    }
    (OUT / "report.json").write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(table(checks))
    for line in failures:
        print(f"release-check: {line}", file=sys.stderr)
    print(f"\n{len(checks)} checks in {time.monotonic() - began:.0f} s; what they made is in build/release")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
