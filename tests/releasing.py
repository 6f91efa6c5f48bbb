"""The modules of scripts/release, which is no part of the package, for tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

from release import building, contents, environment, imports, licences, wheels
from release.checks import Check, table

__all__ = ["Check", "building", "contents", "environment", "imports", "licences", "package_checks", "table", "wheels"]


def package_checks(wheel: Path, version: str, machine: contents.Machine) -> list[Check]:
    """All that a wheel must pass before it is installed."""
    return [
        wheels.check_parts(wheel, version),
        wheels.check_weights(wheel),
        wheels.check_size(wheel),
        contents.check_contents(wheel, machine),
    ]
