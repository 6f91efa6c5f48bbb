"""Write the tables of docs/policy.md from the rules and the example; ``--check`` only compares. Run by CI."""

from pathlib import Path

from pages import filled, write_or_check

from imageauth.verdict import RULES

ROOT = Path(__file__).parent.parent
FILE = ROOT / "docs" / "policy.md"


def rows() -> str:
    """The policy as a table."""
    head = "| # | name | evidence | verdict | because |\n|---:|---|---|---|---|\n"
    return head + "".join(
        f"| {number} | `{rule.name}` | {rule.when} | `{rule.verdict}` | {rule.because} |\n"
        for number, rule in enumerate(RULES, 1)
    )


def example() -> str:
    """The policy that an institution may set."""
    return f"```toml\n{(ROOT / 'examples' / 'newsroom.toml').read_text(encoding='utf-8')}```\n"


def text() -> str:
    """The page, as it should be."""
    return filled(FILE.read_text(encoding="utf-8"), {"rows": rows(), "example": example()})


if __name__ == "__main__":
    write_or_check(FILE, text, __doc__)
