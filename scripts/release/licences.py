"""Who wrote what is installed with imageauth, and under which licence, as the packages' own metadata say."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path

from release.checks import Check

# SPDX identifiers of what may be used and passed on beside Apache-2.0, as long as its text comes along.
ALLOWED = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "HPND", "ISC", "MIT", "MIT-0"),
    *("MIT-CMU", "MPL-2.0", "PSF-2.0", "Python-2.0", "Unicode-3.0", "Unlicense", "Zlib"),
}
_EXCEPTIONS = {"GCC-exception-3.1", "LLVM-exception"}
# Words in which packages state a licence that have no identifier in their metadata.
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "Historical Permission Notice and Disclaimer (HPND)": "HPND",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "zlib/libpng License": "Zlib",
}
_WORDS = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd 3-clause": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "mit license": "MIT",
    "mit": "MIT",
    "psfl": "PSF-2.0",
}


@dataclass(frozen=True, slots=True)
class Package:
    """One that is installed.

    Attributes:
        name, version: of it.
        licence: an SPDX expression; "" where its metadata do not say.
        stated: where that was found: ``License-Expression``, ``Classifier``, ``License``; "" for nowhere.
        home: its page in the web; "" for none.
    """

    name: str
    version: str
    licence: str
    stated: str
    home: str


def installed(folder: Path) -> list[Package]:
    """The packages in a folder, imageauth itself left out, by name."""
    found = (_package(item) for item in distributions(path=[str(folder)]))
    return sorted((p for p in found if p.name.lower() != "imageauth"), key=lambda package: package.name.lower())


def _package(item: Distribution) -> Package:
    about = item.metadata
    stated, licence = next(_licences(item), ("", ""))
    pages = [value.partition(",")[2].strip() for value in about.get_all("Project-URL") or []]
    home = next((page for page in [about.get("Home-page") or "", *pages] if page.startswith("https://")), "")
    return Package(about["Name"], about["Version"], licence, stated, home)


def _licences(item: Distribution) -> Iterator[tuple[str, str]]:
    """(where it is stated, SPDX expression), the surest first."""
    about = item.metadata
    if expression := about.get("License-Expression"):
        yield "License-Expression", expression
    names = [value.split(" :: ")[-1] for value in about.get_all("Classifier") or [] if value.startswith("License :: ")]
    known = sorted({_CLASSIFIERS[name] for name in names if name in _CLASSIFIERS})
    if known and len(known) == len({name for name in names if name != "OSI Approved"}):
        yield "Classifier", " AND ".join(known)
    text = " ".join((about.get("License") or "").split())
    if text.lower() in _WORDS:
        yield "License", _WORDS[text.lower()]
    elif allowed(text):  # an expression, before metadata had a field for it
        yield "License", text


def allowed(expression: str) -> bool:
    """Whether an SPDX expression can be met by what is in :data:`ALLOWED`: all of AND, one of OR."""
    parts = re.findall(r"\(|\)|[^\s()]+", expression)

    def either() -> bool:
        good = both()
        while parts and parts[0].upper() == "OR":
            parts.pop(0)
            good = both() or good
        return good

    def both() -> bool:
        good = one()
        while parts and parts[0].upper() == "AND":
            parts.pop(0)
            good = one() and good
        return good

    def one() -> bool:
        if not parts:
            return False
        part = parts.pop(0)
        if part == "(":
            good = either()
            return bool(parts) and parts.pop(0) == ")" and good
        if parts and parts[0].upper() == "WITH":
            parts.pop(0)
            return bool(parts) and parts.pop(0) in _EXCEPTIONS  # an exception only ever adds permissions
        return part in ALLOWED

    return either() and not parts


def check_licences(packages: list[Package]) -> Check:
    """Whether each states a licence, and one that is allowed."""
    wrong = []
    for package in packages:
        name = f"{package.name} {package.version}"
        if not package.licence:
            wrong.append(f"{name}: its licence is unknown")
        elif not allowed(package.licence):
            wrong.append(f"{name}: its licence {package.licence} is not on the list of those allowed")
    names = {name for package in packages for name in re.findall(r"[^\s()]+", package.licence)} - {"AND", "OR", "WITH"}
    return Check("third-party licences", f"{len(packages)} packages: {', '.join(sorted(names))}", tuple(wrong))


def as_markdown(packages: list[Package], version: str) -> str:
    """The list, for a person."""
    rows = (f"| {p.name} | {p.version} | {p.licence or 'unknown'} | {p.stated or '–'} | {p.home} |" for p in packages)
    return "\n".join(
        [
            f"# What comes with imageauth {version}",
            "",
            "`pip install imageauth` brings these packages, here with the versions of `constraints.txt`. Licences are",
            "SPDX expressions as each package's own metadata state them; their texts come with the packages. What",
            "stands in the wheel of imageauth itself but was not written by this project, `NOTICE` names.",
            "",
            "| package | version | licence | stated as | page |",
            "|---|---|---|---|---|",
            *rows,
            "",
        ]
    )
