"""Build the documentation site: gather the pages, follow their links, run Sphinx with warnings as errors.

    python scripts/site.py            # build/site
    python scripts/site.py --out DIR

Nothing is fetched. docs/site.toml has the navigation, and the pages that live elsewhere in the repository.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
UNLISTED = "More"
# [text](target) and ![text](target), a target without blanks; and code, where nothing is a link.
_LINK = re.compile(
    r"(?P<code>```.*?```|``.*?``|`[^`\n]*`)|(?P<head>\]\()(?P<target>[^()\s#]+)(?P<anchor>#[^()\s]*)?\)", re.S
)


class Site:
    """What becomes of each file.

    Attributes:
        pages: file in the repository → its place on the site, ``/`` between names.
        sections: heading → places of the pages below it, all of which are there.
        copied: files that are no pages and are linked to: file → its place on the site.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self.repository = os.environ.get("IMAGEAUTH_REPOSITORY", settings["repository"]).rstrip("/")
        self.pages = {path: path.relative_to(DOCS).as_posix() for path in sorted(DOCS.rglob("*.md"))}
        for source, place in settings["elsewhere"].items():
            for path in sorted(ROOT.glob(source)):
                name = re.fullmatch(re.escape(source).replace(r"\*", "(.*)"), path.relative_to(ROOT).as_posix())
                self.pages[path] = place.replace("*", *name.groups()) if name and name.groups() else place
        there = set(self.pages.values())
        self.sections = {
            title: [each for each in places if each in there] for title, places in settings["navigation"].items()
        }
        listed = {place for places in self.sections.values() for place in places}
        if unlisted := sorted(there - listed - {"index.md"}):
            self.sections[UNLISTED] = unlisted
        self.copied: dict[Path, str] = {}

    def gather(self, folder: Path) -> None:
        """Write all pages below a folder, as Sphinx takes them."""
        for path, place in self.pages.items():
            text = self.linked(path, place)
            if place == "index.md":
                text += "".join(self.navigation())
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_text(text, encoding="utf-8")
        shutil.copytree(DOCS / "images", folder / "images")
        # MyST offers what is linked to and is no page as a download.
        for path, place in self.copied.items():
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / place)

    def navigation(self) -> Iterator[str]:
        """Tables of contents for Sphinx; they are not shown on the page itself."""
        for title, places in self.sections.items():
            if places:
                names = "".join(f"{place.removesuffix('.md')}\n" for place in places)
                yield f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{names}```\n"

    def linked(self, path: Path, place: str) -> str:
        """A page's text with links that hold on the site."""

        def follow(match: re.Match[str]) -> str:
            target = match["target"]
            if match["code"] or re.match(r"[a-z]+:|/", target):
                return match[0]
            file = (path.parent / target).resolve()
            anchor = match["anchor"] or ""
            if file.is_dir() and (file / "README.md") in self.pages:
                file /= "README.md"
            if file in self.pages:
                there = self.pages[file]
            elif file.is_relative_to(DOCS / "images"):
                there = file.relative_to(DOCS).as_posix()
            else:
                return f"]({self.elsewhere(file, place)}{anchor})"
            return f"]({os.path.relpath(there, Path(place).parent)}{anchor})"

        return _LINK.sub(follow, path.read_text(encoding="utf-8"))

    def elsewhere(self, file: Path, place: str) -> str:
        """Where a file or folder of the repository that is no page is found."""
        if not file.exists() or not file.is_relative_to(ROOT):
            raise SystemExit(f"site: {place} links to {file}, which is not there")
        if self.repository:
            kind = "tree" if file.is_dir() else "blob"
            return f"{self.repository}/{kind}/main/{file.relative_to(ROOT).as_posix()}"
        if file.is_dir():
            raise SystemExit(f"site: {place} links to the folder {file}, which has no README.md")
        # Under another ending, or Sphinx would take it for a page.
        self.copied[file] = f"files/{file.relative_to(ROOT).as_posix()}" + ".txt" * (file.suffix == ".md")
        return os.path.relpath(self.copied[file], Path(place).parent)


def build(out: Path, work: Path) -> int:
    """Build the site; returns Sphinx's exit code.

    Args:
        out: the site; what is there is replaced.
        work: a folder for what lies between.
    """
    for folder in (out, work):
        shutil.rmtree(folder, ignore_errors=True)
    pages = work / "pages"
    site = Site(tomllib.loads((DOCS / "site.toml").read_text(encoding="utf-8")))
    site.gather(pages)
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "--quiet", "--builder", "html"]
    command += ["--conf-dir", str(DOCS), "--doctree-dir", str(work / "doctrees")]
    return subprocess.run([*command, str(pages), str(out)], check=False).returncode


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "site", help="default: build/site")
    out = parser.parse_args().out.resolve()
    code = build(out, out.with_name(out.name + "-work"))
    if not code:
        print(f"{out / 'index.html'}")
    sys.exit(code)


if __name__ == "__main__":
    main()
