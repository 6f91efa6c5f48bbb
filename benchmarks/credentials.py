"""Content Credentials of the shared samples: our state and meaning beside what the reference reader said.

    IMAGEAUTH_SHARED=… python benchmarks/credentials.py [--markdown] [--out benchmarks/results/credentials.md]

Reads the samples under five trust settings and prints, for each, how many have which state, and every sample where we
differ from the reference, with the reason. No file of the samples is copied anywhere.
"""

import argparse
import csv
import os
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from imageauth.images import ImageFile
from imageauth.provenance.credentials import Credentials, read
from imageauth.provenance.credentials.meaning import weigh
from imageauth.provenance.trust import TrustLists
from imageauth.provenance.trust.kinds import INTERIM, INTERIM_SIGNERS, OWN, PURPOSES, SIGNERS, TIME_STAMPS
from imageauth.provenance.trust.parsing import parse

LISTS = {
    SIGNERS: "c2pa-org_conformance-public__trust-list__C2PA-TRUST-LIST.pem",
    TIME_STAMPS: "c2pa-org_conformance-public__trust-list__C2PA-TSA-TRUST-LIST.pem",
    INTERIM: "contentauth_verify-site__static__trust__anchors.pem",
    INTERIM_SIGNERS: "contentauth_verify-site__static__trust__allowed.pem",
    PURPOSES: "contentauth_verify-site__static__trust__store.cfg",
}
TEST_ROOTS = (
    "contentauth_c2pa-rs__sdk__tests__fixtures__certs__trust__test_cert_root_bundle.pem",
    "microsoft_c2pa-extension-validator__test__trusted__chain.pem",
)
SETTINGS = {
    "no_list": (),
    "itl": (INTERIM, INTERIM_SIGNERS, PURPOSES),
    "c2pa_list": (SIGNERS, TIME_STAMPS),
    "both_lists": tuple(LISTS),
}
FORMATS = {
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".png": "png",
    ".webp": "webp",
    ".avif": "avif",
    ".heic": "heic",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".gif": "gif",
    ".svg": "svg",
    ".dng": "dng",
}
OURS = {"Trusted": {"trusted"}, "Valid": {"valid"}, "Invalid": {"invalid", "expired"}}


@dataclass(frozen=True)
class Sample:
    """One row of samples.tsv with a format of ours.

    Attributes:
        says: the reference's state by setting; empty where it found no manifest or gave up.
        error: what it said instead.
        ai: whether a source type that the reference saw is AI, in the active manifest or an ingredient's.
    """

    name: str
    path: Path
    form: str
    says: dict[str, str]
    error: str
    ai: bool

    def image(self) -> ImageFile:
        return ImageFile(data=self.path.read_bytes(), format=self.form, width=0, height=0)


def samples(shared: Path) -> Iterator[Sample]:
    """The samples whose format imageauth knows and that the C2PA reader was run on."""
    with (shared / "samples" / "samples.tsv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE):
            form = FORMATS.get(Path(row["file"]).suffix.lower())
            if row["group"] == "c2pa" and form:
                words = row["readers_say"]
                said = dict(re.findall(r"(\w+)=(Trusted|Valid|Invalid)", words))
                types = " ".join(re.findall(r"dst=\[.*?\]", words))
                ai = "trainedAlgorithmicMedia" in types or "WithTrained" in types or "compositeSynthetic" in types
                path = shared / "samples" / row["file"]
                yield Sample(row["file"], path, form, said, words if words.startswith("ERR") else "", ai)


def settings(shared: Path) -> dict[str, TrustLists]:
    """The trust settings of ``readers_say``."""
    folder = shared / "samples" / "trust"
    lists = {kind: parse(kind, (folder / name).read_bytes(), name) for kind, name in LISTS.items()}
    made = {name: TrustLists(tuple(lists[kind] for kind in chosen)) for name, chosen in SETTINGS.items()}
    roots = b"\n".join((folder / name).read_bytes() for name in TEST_ROOTS)
    return made | {"testca": TrustLists((parse(OWN, roots, "test roots"),))}


def known_difference(sample: Sample, setting: str, said: str, ours: str) -> str | None:
    """Why we say something else than the reference did, where we think that it is wrong or was asked otherwise."""
    if "CAWG" in sample.name or "claim_aggregation" in sample.name or "ims_multiple" in sample.name:
        return "the reference checked a person's identity (CAWG), which needs the network; its failure is not C2PA's"
    if setting == "no_list" and said == "Invalid" and ours == "valid":
        return "the reference had no list of purposes (EKU) and called the certificate invalid; the signature holds"
    return None


def agrees(said: str, credentials: Credentials | None) -> bool:
    """Whether our state is the reference's; it calls an expired store invalid."""
    return credentials is not None and credentials.state in OURS[said]


def table(shared: Path) -> str:
    """The results as Markdown."""
    rows, differences, wrong, times = [], Counter[str](), [], []
    every = list(samples(shared))
    for setting, trust in settings(shared).items():
        counts, same, told = Counter[str](), 0, 0
        for sample in every:
            image = sample.image()
            begun = time.perf_counter()
            credentials = read(image, trust=trust)
            times.append(time.perf_counter() - begun)
            counts[credentials.state if credentials else "none"] += 1
            if not sample.says:
                told += 1
                remote = "must fetch" in sample.error
                ours = credentials.state if credentials else "none"
                if remote != (ours == "remote") or (not remote and ours not in ("none", "unreadable")):
                    wrong.append(f"{setting}: {sample.name}: {sample.error} / {ours}")
                else:
                    same += 1
                continue
            said = sample.says[setting]
            told += 1
            if agrees(said, credentials):
                same += 1
            elif reason := known_difference(sample, setting, said, credentials.state if credentials else "none"):
                differences[reason] += 1
            else:
                wrong.append(f"{setting}: {sample.name}: {said} / {credentials and credentials.state}")
            if credentials and credentials.state not in ("invalid", "unreadable"):
                points = weigh(credentials).points_to
                if (points == "ai") != sample.ai:
                    wrong.append(f"{setting}: {sample.name}: AI {sample.ai} / {points}")
        states = ("trusted", "valid", "expired", "invalid", "unreadable", "remote", "none")
        rows.append(f"| {setting} | {' | '.join(str(counts[state]) for state in states)} | {same} of {told} |")
    lines = [
        f"{len(every)} samples of formats that imageauth reads; median {statistics.median(times) * 1e3:.1f} ms a file, "
        f"slowest {max(times) * 1e3:.0f} ms.",
        "",
        "| lists | trusted | valid | expired | invalid | unreadable | remote | none | as the reference |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
        *rows,
        "",
        "Where we differ, and why:",
        "",
        *(f"- {count} ×: {reason}." for reason, count in differences.most_common()),
        *(f"- unexplained: {line}" for line in wrong),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="write the table there")
    arguments = parser.parse_args()
    text = table(Path(os.environ["IMAGEAUTH_SHARED"]))
    if arguments.out:
        arguments.out.write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
