"""``SUMMARY.md`` of a prepared folder of photos: what is there, for a person."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from imageauth.escaping import table_cell
from imageauth.training.photos.prepare import Prepared
from imageauth.training.photos.probes import table
from imageauth.training.photos.tables import Photo, digest

FILE_NAME = "SUMMARY.md"
_SHOWN = 50  # lines about files that were left out


def summarise(prepared: Prepared, probes: Mapping[str, Any] | None) -> str:
    """Counts, what was left out, licences and probes, as Markdown.

    Args:
        prepared: what came of preparing.
        probes: as :func:`imageauth.training.photos.probes.probe` gives them; None: not run.
    """
    photos = prepared.photos
    native = sum(photo.native for photo in photos)
    lines = [
        "# Photos, prepared",
        "",
        f"{len(photos):,} pictures of {len({photo.source for photo in photos}):,} sources; {native:,} "
        f"({native / len(photos):.1%}) are native files, the others the packs' views of 256 × 256 pixels.",
        "",
        *_folds(photos),
        "",
        *_table("kind", photos, lambda photo: photo.kind),
        "",
        *_table("family of generators", [p for p in photos if p.family], lambda photo: photo.family),
        "",
        *_split_groups(photos),
        "",
        f"Lines that repeat a picture of an earlier one, passed over: {prepared.repeated:,}.",
        "",
        f"Near-copies of an earlier picture in another fold, left out: {len(prepared.copies):,} "
        f"({sum(one.label != other.label for one, other in prepared.copies):,} of them with the other label).",
        *(f"- {one.file}, like {other.file}" for one, other in prepared.copies[:_SHOWN]),
        "",
        f"Lines and files that could not be used: {len(prepared.left_out):,}.",
        *(f"- {line}" for line in prepared.left_out[:_SHOWN]),
        "",
        *table(probes),
        "",
        *_table("licence, as far as known", photos, lambda photo: photo.licence),
        "",
        *_table("generator", [p for p in photos if p.label == "fake"], lambda photo: photo.generator_or_device),
        "",
        *_sources(photos),
        "",
        f"Digest of `photos.tsv`: `{digest(photos)}`",
        "",
    ]
    return "\n".join(lines)


def _folds(photos: Sequence[Photo]) -> list[str]:
    lines = ["| fold | real pictures | real sources | AI pictures | AI sources |", "|---|---:|---:|---:|---:|"]
    by_fold = defaultdict(list)
    for photo in photos:
        by_fold[str(photo.fold)].append(photo)
    for name, members in [*sorted(by_fold.items(), key=lambda item: int(item[0])), ("all", list(photos))]:
        cells = []
        for label in ("real", "fake"):
            of_label = [photo for photo in members if photo.label == label]
            cells += [f"{len(of_label):,}", f"{len({photo.source for photo in of_label}):,}"]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _table(what: str, photos: Sequence[Photo], key: Any) -> list[str]:
    """Pictures of each value, most first."""
    counts = Counter((key(photo), photo.label) for photo in photos)
    totals = Counter(key(photo) for photo in photos)
    rows = (
        f"| {table_cell(value)} | {counts[value, 'real']:,} | {counts[value, 'fake']:,} |"
        for value, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    )
    return [f"| {what} | real | AI |", "|---|---:|---:|", *rows]


def _sources(photos: Sequence[Photo]) -> list[str]:
    members = defaultdict(list)
    for photo in photos:
        members[photo.label, photo.source].append(photo)
    lines = ["| source | label | pictures | native | folds | repositories |", "|---|---|---:|---:|---|---|"]
    for (label, source), of_source in sorted(members.items()):
        folds = ", ".join(str(fold) for fold in sorted({photo.fold for photo in of_source}))
        repos = table_cell(", ".join(sorted({photo.repo for photo in of_source})))
        native = sum(photo.native for photo in of_source)
        lines.append(f"| {source} | {label} | {len(of_source)} | {native} | {folds} | {repos} |")
    return lines


def _split_groups(photos: Sequence[Photo]) -> list[str]:
    """How far keeping families together parts owners."""
    folds = defaultdict(set)
    for photo in photos:
        folds[photo.owner].add(photo.fold)
    parted = sorted(owner for owner, where in folds.items() if len(where) > 1)
    names = f": {', '.join(parted)}" if parted else ""
    return [
        "Families of generators, owners of repositories and sources stay in one fold each, the family before the "
        "owner. Owners that stand in several folds because some of their pictures belong to a family: "
        f"{len(parted)}{names}.",
    ]
