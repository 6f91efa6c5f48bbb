"""What metadata say of many files: claims, cameras, time. Folders hold files or are bare git repositories.

    python benchmarks/metadata.py FOLDER…

Prints every file whose metadata point to AI, then the counts. Where the folders hold photographs, each such file is to
be looked at: it is a false claim unless the file says so itself.
"""

import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from imageauth.errors import ImageError
from imageauth.images import examine
from imageauth.provenance.metadata.evidence import evidence_of
from imageauth.provenance.metadata.reading import read

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".heic", ".avif", ".dng", ".gif", ".svg")


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Names and bytes of the pictures in a folder, or in the newest commit of a repository without a work tree."""
    if not (folder / "HEAD").is_file():
        for path in sorted(folder.rglob("*")):
            if path.suffix.lower() in ENDINGS and path.is_file():
                yield str(path), path.read_bytes()
        return
    listed = subprocess.run(["git", "-C", folder, "ls-tree", "-rz", "HEAD"], capture_output=True, check=True).stdout
    for entry in listed.decode("utf-8", "replace").split("\0"):
        meta, _, name = entry.partition("\t")
        if name.lower().endswith(ENDINGS):
            blob = subprocess.run(["git", "-C", folder, "cat-file", "blob", meta.split()[2]], capture_output=True)
            yield f"{folder}:{name}", blob.stdout


def main(folders: list[str]) -> None:
    """Read them all and print."""
    counts: Counter[str] = Counter()
    times: list[float] = []
    for folder in folders:
        for name, data in files(Path(folder)):
            try:
                image = examine(data)
            except ImageError:
                continue
            start = time.process_time()
            found = read(image)
            evidence = list(evidence_of(found))
            times.append(time.process_time() - start)
            counts["files"] += 1
            counts["with metadata"] += bool(found.exif or found.xmp or found.iptc or found.texts)
            counts["naming a camera's maker"] += bool(found.camera and found.camera.maker)
            counts["pointing to AI"] += any(item.points_to == "ai" for item in evidence)
            for item in evidence:
                counts[f"{item.code}, {item.points_to}"] += 1
                if item.points_to == "ai":
                    print(f"{name}: {item.code}: {item.finding}")
    for what, count in counts.most_common():
        print(f"{count:7,} {what}")
    if times:
        print(f"{1000 * statistics.median(times):.2f} ms of processor time, median; {1000 * max(times):.1f} ms at most")


if __name__ == "__main__":
    main(sys.argv[1:])
