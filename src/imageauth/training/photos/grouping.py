"""What stays on one side of every split: families of generators, owners of repositories, sources."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from imageauth.training.photos.tables import Row

FAMILIES = {
    "dalle": (r"dall[\W_]?e", r"dalle"),
    "stylegan": (r"stylegan|thisperson", r"stylegan|thisperson|^(tpdne|fakeavatars|agegan)_"),
    "gptimage": (r"gpt-?4o|gpt[- ]?image|openai image model", r"gpt4o|gptimage"),
    "nanobanana": (r"nano.?banana|nbpro|gemini|google image model", r"nanobanana|nbpro|gemini"),
}
"""Families of generators, the first that fits: patterns of what made the picture and of the source's name, lower case.

Each was spread over many repositories, so that one generator would otherwise teach and be tested at once. DALL·E of all
versions (and its namesakes, Craiyon and minDALL-E) counts as one; what Content Credentials call an image model of
OpenAI or of Google counts to that company's newest.
"""


def family(row: Row) -> str:
    """The family of generators of an AI-made picture; empty for none, and for real pictures."""
    if row.label == "real":
        return ""
    made_by, source = row.generator_or_device.lower(), row.source.lower()
    for name, (of_generator, of_source) in FAMILIES.items():
        if re.search(of_generator, made_by) or re.search(of_source, source):
            return name
    return ""


def groups(rows: Sequence[Row]) -> list[str]:
    """The group of each row: its family; else what hangs together through an owner or a source.

    A source taken from three repositories joins their owners; the group is called after the owner with the most
    pictures. A family is taken out first: joined through everyone who showed pictures of two families, most AI-made
    pictures would be a single group. So an owner of several families stands in several groups.
    """
    families = [family(row) for row in rows]
    above: dict[tuple[str, str], tuple[str, str]] = {}

    def root(node: tuple[str, str]) -> tuple[str, str]:
        while above.setdefault(node, node) != node:
            above[node] = node = above[above[node]]
        return node

    for row, name in zip(rows, families, strict=True):
        if not name:
            above[root(("source", row.source))] = root(("owner", row.owner))
    owners: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for row, name in zip(rows, families, strict=True):
        if not name:
            owners[root(("owner", row.owner))][row.owner] += 1
    called = {node: max(sorted(counts), key=counts.__getitem__) for node, counts in owners.items()}
    return [name or f"@{called[root(('owner', row.owner))]}" for row, name in zip(rows, families, strict=True)]


def folds(rows: Sequence[Row], grouped: Sequence[str]) -> list[int]:
    """The fold of each row: where its group has most of its pictures by the tables (the lowest, among equals)."""
    where: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for row, group in zip(rows, grouped, strict=True):
        where[group][row.fold] += 1
    best = {group: max(sorted(counts), key=counts.__getitem__) for group, counts in where.items()}
    return [best[group] for group in grouped]
