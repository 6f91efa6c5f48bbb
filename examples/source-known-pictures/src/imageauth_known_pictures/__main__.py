"""Lines for the list: ``python -m imageauth_known_pictures --says ai --note "…" PICTURE… >> list.csv``"""

import argparse
import csv
import sys

from imageauth import Detector, ImageAuthError, ImageFile
from imageauth.perceptual_hash import perceptual_hash
from imageauth_known_pictures import COLUMNS


def main() -> None:
    """Print a line of each picture."""
    parser = argparse.ArgumentParser(prog="python -m imageauth_known_pictures", description=__doc__)
    parser.add_argument("pictures", nargs="+", metavar="PICTURE")
    parser.add_argument("--says", required=True, choices=("ai", "real"), help="what the desk found out")
    parser.add_argument("--note", required=True, help="how, when and by whom")
    parser.add_argument("--head", action="store_true", help="begin with the names of the columns: of a new list")
    asked = parser.parse_args()
    lines = csv.writer(sys.stdout)
    if asked.head:
        lines.writerow(COLUMNS)
    detector = Detector()
    for picture in asked.pictures:
        seen: list[ImageFile] = []
        try:
            detector.prepare(picture, seen=seen.append)
        except ImageAuthError as error:
            sys.exit(f"{picture} {error}")
        (image,) = seen
        looks = perceptual_hash(image.pixels) if image.pixels is not None else ""
        lines.writerow((image.sha256, looks, asked.says, asked.note))


if __name__ == "__main__":
    main()
