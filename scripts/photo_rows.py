"""Rows of a table of labelled pictures, from a folder in a clone of a public repository.

    python scripts/photo_rows.py CLONE/gallery --label fake --source mygen_gallery --generator "MyGen 2" --kind art \\
        --licence MIT --table mine.tsv --natives native

The table gets a line for each picture that is committed there: repository, commit, path and SHA-256 say where it can be
had again. `imageauth data photos --from native --from mine.tsv --to DIR` then takes the files. CONTRIBUTING.md has the
whole way. Exit code 1: pictures were left out; 2: nothing was written.
"""

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from imageauth.errors import DataError, ImageError
from imageauth.escaping import printable
from imageauth.files import write_atomically
from imageauth.images import examine, has_image_suffix
from imageauth.training.photos.tables import COLUMNS, Row, read_table

KNOWN = Path(__file__).resolve().parent.parent / "docs" / "photos-more.tsv"
KINDS = ("photo", "portrait", "art", "illustration", "render", "screenshot", "meme", "document", "other")
# Of one source, so that none weighs too much; and no more folds than docs/photos.md has.
MOST = 90
FOLDS = 6
MIN_SIDE = 65


def main(arguments: list[str]) -> int:
    """The exit code."""
    asked = parse(arguments)
    try:
        wrong = add(asked)
    except subprocess.CalledProcessError as error:
        return refuse(error.stderr.decode(errors="replace").strip())
    except OSError as error:
        return refuse(f"{error.filename}: {error.strerror}")
    except DataError as error:
        return refuse(str(error))
    for line in wrong:
        print(f"photo_rows: left out {line}", file=sys.stderr)
    return int(bool(wrong))


def refuse(why: str) -> int:
    """Says why nothing was written; gives the exit code."""
    print(f"photo_rows: {printable(why)}", file=sys.stderr)
    return 2


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="in a clone; its sub-folders count too")
    parser.add_argument("--label", required=True, choices=("real", "fake"))
    parser.add_argument("--source", required=True, help="a short new name, such as mygen_gallery")
    parser.add_argument("--generator", required=True, help="what made them: MyGen 2; for real ones camera, scan, …")
    parser.add_argument("--kind", required=True, choices=KINDS)
    parser.add_argument("--licence", required=True, help='as the repository states it, else "unclear"')
    parser.add_argument("--repo", help="owner/name; default: of the clone's origin")
    parser.add_argument("--table", required=True, type=Path, help="to write, or to go on with")
    parser.add_argument("--natives", required=True, type=Path, help="folder that gets the files, named by SHA-256")
    return parser.parse_args(arguments)


def add(asked: argparse.Namespace) -> list[str]:
    """Add the rows and the files; gives a line for each picture that was left out.

    Raises:
        DataError: a table is damaged, or a value cannot stand in one.
        OSError: something cannot be read or written.
        CalledProcessError: the folder is in no clone.
    """
    commit = git(asked.folder, "rev-parse", "HEAD").decode().strip()
    repo = asked.repo or repository(git(asked.folder, "remote", "get-url", "origin").decode().strip())
    wrong: list[str] = []
    text = asked.table.read_text(encoding="utf-8") if asked.table.exists() else "\t".join(COLUMNS) + "\n"
    known = read_table(KNOWN, wrong.append)
    if asked.table.exists():
        known += read_table(asked.table, wrong.append)
    fold = fold_of(repo, asked.label, known)
    taken = {row.sha256 for row in known}
    files: dict[str, bytes] = {}
    for sha256, (name, data) in sorted(committed(asked.folder).items())[:MOST]:
        try:
            width, height = size(data)
            if sha256 in taken:
                raise DataError("is in a table already")
            if not name.isprintable():
                raise DataError("has a name that no table can hold")
        except (DataError, ImageError) as error:
            wrong.append(printable(f"{name}: it {error}"))
            continue
        file = f"{asked.label}/{asked.source}/{sha256[:16]}.jpg"
        cells = [file, asked.label, asked.source, asked.generator, asked.kind, repo, commit, name, asked.licence]
        text += "\t".join([*cells, sha256, str(width), str(height), str(fold)]) + "\n"
        files[sha256] = data
    check(text, asked.table.name)
    asked.natives.mkdir(parents=True, exist_ok=True)
    for sha256, data in files.items():
        write_atomically(asked.natives / sha256, data)
    write_atomically(asked.table, text.encode())
    return wrong


def check(text: str, name: str) -> None:
    """Make sure that every line of a table can be read back.

    Raises:
        DataError: one cannot.
    """
    damaged: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / name
        trial.write_text(text, encoding="utf-8", newline="\n")
        read_table(trial, damaged.append)
    if damaged:
        raise DataError(damaged[0])


def fold_of(repo: str, label: str, known: list[Row]) -> int:
    """The fold of the repository's owner; of a new one, that which has the fewest pictures of the class."""
    owner = repo.split("/")[0].lower()
    if of_owner := [row.fold for row in known if row.owner == owner]:
        return of_owner[0]
    return min(range(FOLDS), key=lambda fold: sum(row.fold == fold and row.label == label for row in known))


def committed(folder: Path) -> dict[str, tuple[str, bytes]]:
    """SHA-256 → (path in the repository, content) of the pictures below a folder, as the last commit has them."""
    pictures = {}
    for path in git(folder, "ls-tree", "-r", "-z", "--name-only", "--full-name", "HEAD", ".").split(b"\0"):
        name = path.decode(errors="replace")
        if has_image_suffix(name):
            data = git(folder, "cat-file", "blob", f"HEAD:{name}")
            pictures[hashlib.sha256(data).hexdigest()] = name, data
    return pictures


def size(data: bytes) -> tuple[int, int]:
    """Width and height of a picture, pixels.

    Raises:
        ImageError: it is none, or too small for the model.
    """
    header = examine(data)
    if min(header.width, header.height) < MIN_SIDE:
        raise ImageError("too-small", f"has a short side of less than {MIN_SIDE} pixels")
    return header.width, header.height


def repository(address: str) -> str:
    """owner/name, from the address of a clone's origin."""
    found = re.search(r"[/:]([\w.-]+/[\w.-]+?)(?:\.git)?/?$", address)
    if not found:
        raise DataError("the origin of the clone does not say whose it is: give --repo owner/name")
    return found[1]


def git(folder: Path, *arguments: str) -> bytes:
    """What git says."""
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
