"""The pictures that teach ``cifake`` what is unfamiliar, as a folder for ``imageauth train cifake --elsewhere``.

    IMAGEAUTH_SHARED=… python benchmarks/elsewhere.py --to DIR

One sub-folder for each owner of a repository; see ``benchmarks/packs.py``.
"""

import argparse
import os
from pathlib import Path

from packs import pictures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, required=True)
    to = parser.parse_args().to
    count = 0
    for picture in pictures(Path(os.environ["IMAGEAUTH_SHARED"])):
        file = to / picture.owner / picture.name.replace("/", "_")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(picture.data)
        count += 1
    print(f"{count:,} pictures of {sum(1 for _ in to.iterdir()):,} owners in {to}")


if __name__ == "__main__":
    main()
