"""Makes the figures of docs/how-it-works.md and docs/error-rates.md: pictures of evidence, plots of measured figures.

    python scripts/docs_pictures.py

The photographs ship with scikit-learn (china.jpg and flower.jpg, CC BY 2.0; docs/how-it-works.md has the credits), the
rest is drawn by examples/demo.py; the plots are of the figures that ship with the model.
"""

import json
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib
import matplotlib.figure
import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "examples"))

from error_rates import condition  # noqa: E402

from demo import pictures  # noqa: E402
from imageauth import Detector  # noqa: E402
from imageauth.evaluation.plots import BLUE, GREY, INK, ORANGE, STYLE, svg_text  # noqa: E402
from imageauth.evaluation.source_plots import draw_sources  # noqa: E402
from imageauth.files import write_text  # noqa: E402
from imageauth.models import find_model  # noqa: E402
from imageauth.pixels.model import PixelModel  # noqa: E402
from imageauth.rendering.heatmap import draw_heatmap  # noqa: E402
from imageauth.rendering.text import percent  # noqa: E402

FOLDER = ROOT / "docs" / "images"
WORDS = {"whole": "the whole", "tiles": "a tile", "crops": "native pixels"}
COLOURS = {"whole": "#ffffff", "tiles": "#ffd24d", "crops": "#ff8a3d"}


def save(picture: Image.Image, name: str) -> None:
    """As a small WebP."""
    picture.save(FOLDER / f"{name}.webp", quality=82, method=6)


def draw_evidence(detector: Detector, folder: Path) -> None:
    """Heatmaps of two photographs and a drawing."""
    for name in ("temple.jpg", "flower.jpg", "island.png"):
        found = detector.explain(folder / name)
        assert found.pixels is not None
        assert found.heatmap is not None
        assert found.report.probability is not None
        headline = f"{found.report.verdict}, {percent(found.report.probability)} AI"
        save(draw_heatmap(found.pixels, found.heatmap, headline), f"evidence-{Path(name).stem}")


def draw_views(folder: Path) -> None:
    """Where the model photo looks at the picture of the temple, and what it sees there."""
    model = PixelModel.load("photo")
    with Image.open(folder / "temple.jpg") as opened:
        picture = opened.convert("RGB")
    # A larger one, so that there are tiles: they are cut only where they carry detail.
    picture = picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.LANCZOS)
    layout = model.card.layout
    views = layout.look(np.asarray(picture), variants=False)
    names = layout.names(views.counts, len(views.pixels))
    gap = 12
    shown = picture.resize((round(picture.width * 0.5), round(picture.height * 0.5)), Image.Resampling.BOX)
    small = min(150, (shown.width - gap * (len(names) - 1)) // len(names))
    sheet = Image.new("RGB", (shown.width, shown.height + gap + small + 30), "white")
    sheet.paste(shown, (0, 0))
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(15)
    for index, (name, (top, left, bottom, right)) in enumerate(zip(names, views.places, strict=True)):
        box = (left * shown.width, top * shown.height, right * shown.width - 1, bottom * shown.height - 1)
        for grow in range(3):
            draw.rectangle((box[0] + grow, box[1] + grow, box[2] - grow, box[3] - grow), outline=COLOURS[name])
        draw.rectangle((box[0] + 6, box[1] + 6, box[0] + 24, box[1] + 26), "#222222")
        draw.text((box[0] + 11, box[1] + 7), str(index + 1), "#ffffff", font)
        at = index * (small + gap), shown.height + gap
        sheet.paste(Image.fromarray(views.pixels[index]).resize((small, small), Image.Resampling.BOX), at)
        draw.text((at[0], at[1] + small + 6), f"{index + 1}: {WORDS[name]}", "#222222", font)
    save(sheet, "views")


def draw_figures() -> None:
    """What is said of each generator and kind, and what wear does to it."""
    everything = json.loads((find_model("photo") / "figures.json").read_text(encoding="utf-8"))
    parts = {
        key: {name: SimpleNamespace(**part) for name, part in everything["all"][key].items()}
        for key in ("generators", "real_kinds")
    }
    svg, words = draw_sources(SimpleNamespace(**parts))  # type: ignore[arg-type]
    write_text(FOLDER / "photo-sources.svg", svg)
    print(f"photo-sources.svg: {words}")
    write_text(FOLDER / "photo-conditions.svg", conditions(everything))


def conditions(everything: dict[str, Any]) -> str:
    """Balanced accuracy, the share that gets a verdict, and the errors among those, by condition."""
    (native,) = everything["conditions"].values()
    rows = {"as they are": native, **native["conditions"]}
    at = range(len(rows))
    with matplotlib.rc_context(STYLE):
        figure = matplotlib.figure.Figure(figsize=(9.4, 3.4), layout="constrained")
        axes = figure.subplots()
        for key, colour, mark, label in (
            ("balanced_accuracy", INK, "o", "balanced accuracy, every picture called one or the other"),
            ("share_decided", BLUE, "s", "get a verdict"),
            ("error_decided", ORANGE, "^", "wrong of those"),
        ):
            axes.plot([part[key] for part in rows.values()], list(at), mark, color=colour, label=label, markersize=7)
        axes.set_yticks(list(at), [condition(name) for name in rows])
        axes.set(
            xlim=(0, 1),
            ylim=(len(rows) - 0.4, -0.6),
            xlabel=f"Share of {native['n']:,} pictures",
            title="Worn pictures",
        )
        axes.axvline(native["balanced_accuracy"], color=GREY, linestyle=":", linewidth=1)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9)
        return svg_text(figure, "conditions")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pictures(folder)
        draw_evidence(Detector(), folder)
        draw_views(folder)
    draw_figures()
    for path in sorted(FOLDER.iterdir()):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
