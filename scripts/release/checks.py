"""What a check says."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: of it, for a table.
        found: what was found, in a few words, whether good or bad.
        failures: one line for each thing that is wrong; none: it passed.
    """

    name: str
    found: str
    failures: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {**asdict(self), "passed": not self.failures}


def table(checks: list[Check]) -> str:
    """All of them, a line each, for a terminal or as preformatted text."""
    width = max(len(check.name) for check in checks)
    return "\n".join(
        f"{'FAILED' if check.failures else 'ok':6}  {check.name:{width}}  {check.found}".rstrip() for check in checks
    )
