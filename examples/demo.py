"""The demonstration behind ``make demo``: a handful of pictures, their verdicts, and what those are worth.

The photographs ship with scikit-learn; everything else is drawn or written here.
"""

import argparse
import re
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_sample_images

from imageauth import Detector, Failure
from imageauth.rendering.text import percent


def pictures(folder: Path) -> dict[str, str]:
    """Write the pictures; returns file name → what it really is."""
    truth = {}
    photographs = load_sample_images()
    for pixels, name in zip(photographs.images, ("temple", "flower"), strict=True):
        photograph = Image.fromarray(pixels)
        photograph.save(folder / f"{name}.jpg", quality=92)
        truth[f"{name}.jpg"] = "photograph, as it was taken"
        height, width = pixels.shape[:2]
        left, top = (width - height) // 2, 0
        square = photograph.crop((left, top, left + height, top + height))
        square.resize((32, 32), Image.Resampling.LANCZOS).save(folder / f"{name}-32.png")
        truth[f"{name}-32.png"] = "the same, as a 32×32 thumbnail"
        if name == "flower":
            petals = photograph.crop((148, 100, 322, 274)).resize((32, 32), Image.Resampling.BILINEAR)
            petals.save(folder / "petals.jpg", quality=75)
            truth["petals.jpg"] = "a piece of it, as a 32×32 JPEG"
    drawing = Image.new("RGB", (48, 48), "#88aadd")
    draw = ImageDraw.Draw(drawing)
    draw.ellipse((10, 12, 38, 40), fill="#dd5522")
    draw.rectangle((0, 40, 48, 48), fill="#336633")
    drawing.save(folder / "drawing.png")
    truth["drawing.png"] = "drawn by this program"
    said = PngInfo()
    said.add_text(
        "parameters", "an island\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Version: v1.10"
    )
    drawing.resize((512, 512)).save(folder / "island.png", pnginfo=said)
    truth["island.png"] = "the drawing enlarged, with an image generator's parameters written into the file"
    noise = np.random.default_rng(1).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(noise).save(folder / "noise.webp", lossless=True)
    truth["noise.webp"] = "random pixels"
    (folder / "notes.jpg").write_text("This is a text file whose name ends in .jpg\n")
    truth["notes.jpg"] = "a text file"
    return truth


def main() -> None:
    parser = argparse.ArgumentParser(description="Check a handful of pictures with the shipped model.")
    parser.add_argument("--svg", type=Path, help="also save what is printed as a picture")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="only write the pictures, into a folder, for the tutorials"
    )
    arguments = parser.parse_args()
    if arguments.keep:
        arguments.keep.mkdir(parents=True, exist_ok=True)
        print(*(f"{arguments.keep / file}: {what}" for file, what in pictures(arguments.keep).items()), sep="\n")
        return
    console = Console(record=bool(arguments.svg), width=100 if arguments.svg else None)
    detector = Detector()
    table = Table(title="imageauth: was it made by AI?", show_lines=True)
    for column in ("file", "what it is", "verdict", "AI", "why"):
        table.add_column(column, overflow="fold", no_wrap=column in ("verdict", "AI"))
    colours = {"likely-ai": "red", "likely-real": "green", "inconclusive": "yellow"}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        truth, limits, accused, believed = pictures(folder), (), [], []
        answers = detector.check_many([folder / file for file in truth], names=list(truth))
        for answer in answers:
            if isinstance(answer, Failure):
                table.add_row(answer.file, truth[answer.file], f"[dim]{answer.code}[/]", "", answer.message)
                continue
            colour = colours.get(answer.verdict, "white")
            chance = "–" if answer.probability is None else percent(answer.probability)
            table.add_row(answer.file, truth[answer.file], f"[{colour}]{answer.verdict}[/]", chance, answer.summary)
            limits = max(limits, answer.limits, key=len)
            if answer.verdict == "likely-ai":
                by_pixels = any(item.source == "pixels" and item.points_to == "ai" for item in answer.evidence)
                (accused if by_pixels else believed).append(answer.file)
    console.print(table)
    if believed:
        false = " and ".join(believed)
        console.print(f"No AI made {false}: what the file says is false, which nobody can see from the file.\n")
    if accused:
        wrong = " and ".join(accused)
        console.print(
            f"No AI made any of these, so the model is wrong about {wrong}; the first limit says how often.\n"
        )
    console.print("What these answers are worth:")
    for limit in limits:
        console.print(f"  • {limit}", highlight=False)
    console.print("\nWhat a file says of itself:  [bold].venv/bin/imageauth inspect FILE[/]")
    console.print("Check your own file:  [bold].venv/bin/imageauth check FILE --explain[/]")
    if arguments.svg:
        picture = console.export_svg(title="make demo")
        # Rich's fonts would be fetched from the web by whoever looks; the reader's own monospace does as well.
        arguments.svg.write_text(re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL), encoding="utf-8")


if __name__ == "__main__":
    main()
