"""Write the tables of docs/policy.md from the rules and the example; ``--check`` only compares. Run by CI."""

import re
from pathlib import Path

from pages import write_or_check

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
    page = FILE.read_text(encoding="utf-8")
    for name, content in (("rows", rows()), ("example", example())):
        marks = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
        page = re.sub(marks, lambda match, new=content: match[1] + new + match[2], page, flags=re.DOTALL)
    return page


if __name__ == "__main__":
    write_or_check(FILE, text, __doc__)
