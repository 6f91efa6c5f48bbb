"""Write the tables of docs/policy.md from the rules and the example; ``--check`` only compares. Run by CI."""

import argparse
import re
import sys
from pathlib import Path

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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        sys.exit(FILE.read_text(encoding="utf-8") != text())
    FILE.write_text(text(), encoding="utf-8")
