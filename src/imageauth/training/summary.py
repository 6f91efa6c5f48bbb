"""``SUMMARY.md`` of a prepared CIFAKE folder: what is there, for a person."""

from collections import Counter
from collections.abc import Sequence

from imageauth.escaping import printable
from imageauth.manifest import Manifest

OFFICIAL = {("train", "REAL"): 50_000, ("train", "FAKE"): 50_000, ("test", "REAL"): 10_000, ("test", "FAKE"): 10_000}
_SHOWN = 50  # names of each kind of file that was left out


def summarise(manifest: Manifest, damaged: Sequence[str], stray: Sequence[str]) -> str:
    """Counts of files, splits and copies, as Markdown.

    Args:
        manifest: of the folder.
        damaged: one line for each file that does not decode.
        stray: names of images of the source that stand outside its four folders.
    """
    found = Counter((entry.path.split("/")[0], entry.path.split("/")[1]) for entry in manifest)
    lines = ["# CIFAKE, prepared", ""]
    if missing := sum(OFFICIAL.values()) - sum(found.values()):
        lines += [f"**Incomplete:** {missing:,} of the official {sum(OFFICIAL.values()):,} files are not here.", ""]
    lines += ["| folder | files | official |", "|---|---:|---:|"]
    for (split, label), official in OFFICIAL.items():
        lines.append(f"| {split}/{label} | {found[split, label]:,} | {official:,} |")
    used = Counter((entry.split, entry.label) for entry in manifest)
    lines += ["", "| split in use | real | fake |", "|---|---:|---:|"]
    for name in ("train", "validation", "test", "excluded"):
        lines.append(f"| {name} | {used[name, 'real']:,} | {used[name, 'fake']:,} |")
    lines += ["", *_copies(manifest), ""]
    lines += [f"Damaged files, left out: {len(damaged):,}.", *(f"- {printable(line)}" for line in damaged[:_SHOWN])]
    if stray:
        lines += [
            "",
            f"Images of the source, left out because they are not JPEG files in train/ or test/ with REAL/ or FAKE/ "
            f"around them: {len(stray):,}.",
            *(f"- {printable(name)}" for name in stray[:_SHOWN]),
        ]
    return "\n".join(
        [
            *lines,
            "",
            "Validation is one training file in ten, by the SHA-256 of its name "
            "(`imageauth.training.splits.is_validation`).",
            f"Manifest digest: `{manifest.digest}`",
            "",
        ]
    )


def _copies(manifest: Manifest) -> list[str]:
    """What was left out because another picture stands for it."""
    by_path = {entry.path: entry for entry in manifest}
    twins = [(entry, by_path[entry.duplicate_of]) for entry in manifest if entry.duplicate_of]
    exact = [(entry, other) for entry, other in twins if entry.sha256 == other.sha256]
    near = [(entry, other) for entry, other in twins if entry.sha256 != other.sha256]
    crossing = [sum(entry.label != other.label for entry, other in pairs) for pairs in (exact, near)]
    of = Counter((entry.label, other.split) for entry, other in near)
    return [
        f"Exact duplicates: {len(exact):,} files repeat the bytes of another ({crossing[0]:,} of them with the other "
        "label). They are left out, so that no picture stands in two splits; the official test "
        "split stays whole, and of a picture with both labels no training copy is used.",
        "",
        f"Near-copies: {len(near):,} pictures are nearly one of another split ({crossing[1]:,} of them with the other "
        "label): encoded again, shifted by a pixel, mirrored, in other colours, or generated alike. They are left "
        f"out: of those that are nearly a training picture {of['real', 'train']:,} real and {of['fake', 'train']:,} "
        f"fake validation pictures; of those that are nearly a test picture {of['real', 'test']:,} real and "
        f"{of['fake', 'test']:,} fake ones. Near-copies within one split stay "
        "(`imageauth.evaluation.near_duplicates`).",
    ]
