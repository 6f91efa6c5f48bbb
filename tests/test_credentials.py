"""Content Credentials: read, checked, weighed. Files are signed here, with certificates made here."""

import gc
import json
import random
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imageauth.imagefile import ImageFile
from imageauth.images import examine
from imageauth.provenance import fetching
from imageauth.provenance.credentials import CredentialSource, carriers, evidence, meaning, read, reading, vocabulary
from imageauth.provenance.credentials.states import anchored_in, manifest_state, store_state
from imageauth.provenance.trust import TrustLists
from imageauth.provenance.trust.kinds import INTERIM, INTERIM_SIGNERS, TIME_STAMPS
from imageauth.provenance.trust.parsing import parse
from imageauth.report import Evidence
from tests.conftest import FUZZ_SECONDS
from tests.signing import IPTC, as_file, authority, created, picture, sign

ROOT = authority()
STRANGER = authority("Somebody")
NOBODY = TrustLists()
AI = [created("trainedAlgorithmicMedia")]
CAPTURE = [created("digitalCapture")]
EDIT = [{"action": "c2pa.edited"}]
FORMATS = ["jpeg", "png", "webp", "gif", "tiff", "avif", "svg"]
"""That can be made here; HEIC and DNG are among the shared samples."""


def finding(image: ImageFile, trust: TrustLists = ROOT.trust) -> Evidence:
    """The one piece of evidence of a file."""
    (item,) = CredentialSource(trust)(image)
    json.dumps(item.to_json())
    return item


def outcome(data: bytes, trust: TrustLists = ROOT.trust, form: str = "jpeg") -> tuple[str, str, str]:
    """Code, points to, strength."""
    item = finding(as_file(data, form), trust)
    return item.code, item.points_to, item.strength


def pasted(manifest_of: bytes, into: bytes) -> bytes:
    """A JPEG with the segments APP11 of another one."""
    segments, at = b"", 2
    while manifest_of[at + 1] != 0xDA:
        size = 2 + int.from_bytes(manifest_of[at + 2 : at + 4], "big")
        if manifest_of[at + 1] == 0xEB:
            segments += manifest_of[at : at + size]
        at += size
    return into[:2] + segments + into[2:]


# What they say


@pytest.mark.parametrize("form", FORMATS)
def test_trusted_ai_is_proof_in_every_format(form: str) -> None:
    data, _ = sign(picture(form), AI, root=ROOT, form=form)
    assert outcome(data, form=form) == ("credentials-ai", "ai", "proof")
    assert examine(data).format == form


@pytest.mark.parametrize(
    "term", ["trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic"]
)
def test_each_ai_term(term: str) -> None:
    assert outcome(sign(picture(), [created(term)], root=ROOT)[0])[1:] == ("ai", "proof")


@pytest.mark.parametrize("term", sorted(term.name for term in vocabulary.TERMS.values() if term.meaning == "none"))
def test_other_terms_point_nowhere(term: str) -> None:
    assert outcome(sign(picture(), [created(term)], root=ROOT)[0]) == ("credentials-present", "none", "none")


@pytest.mark.parametrize("term", ["digitalCapture", "computationalCapture"])
def test_trusted_capture_is_proof(term: str) -> None:
    assert outcome(sign(picture(), [created(term)], root=ROOT)[0]) == ("credentials-capture", "real", "proof")


@pytest.mark.parametrize("trust", [NOBODY, STRANGER.trust], ids=["no lists", "other lists"])
@pytest.mark.parametrize(("actions", "points_to"), [(AI, "ai"), (CAPTURE, "real")])
def test_untrusted_is_declared_at_most(trust: TrustLists, actions: list, points_to: str) -> None:
    item = finding(as_file(sign(picture(), actions, root=ROOT)[0]), trust)
    assert (item.points_to, item.strength, item.detail["state"]) == (points_to, "declared", "valid")
    assert ("imageauth trust update" in item.finding) == (not trust)
    assert item.detail["signer_could_be_checked"] == bool(trust)


def test_who_when_and_with_what() -> None:
    data, _ = sign(
        picture(), [created("digitalCapture", when="2026-01-02T03:04:05Z", softwareAgent="Firmware 2")], root=ROOT
    )
    credentials = read(as_file(data), trust=ROOT.trust)
    assert credentials is not None
    assert credentials.active is not None
    assert credentials.active.claim_generator == "imageauth tests 1"
    assert credentials.active.signer is not None
    assert (credentials.active.signer.organisation, credentials.active.signer.name) == (
        "Test Camera",
        "Test Camera signing",
    )
    assert credentials.active.signer.time_stamp == "none"
    (action,) = credentials.active.actions
    assert (action.name, action.when, action.software) == ("c2pa.created", "2026-01-02T03:04:05Z", "Firmware 2")
    (source,) = credentials.source_types
    assert (source.term, source.action, source.entered) == ("digitalCapture", "c2pa.created", ())
    assert credentials.to_json() == json.loads(json.dumps(credentials.to_json()))


def test_credentials_that_say_nothing_name_the_program() -> None:
    item = finding(as_file(sign(picture(), EDIT, root=ROOT, ingredients=[("parentOf", picture(seed=1))])[0]))
    assert (item.code, item.points_to) == ("credentials-present", "none")
    assert "'imageauth tests 1'" in item.finding


def test_which_list_has_the_signer() -> None:
    data, _ = sign(picture(), CAPTURE, root=ROOT)
    interim = TrustLists((parse(INTERIM, ROOT.pem, "test"),))
    both = TrustLists((*interim.lists, *STRANGER.trust.lists))
    assert finding(as_file(data), ROOT.trust).detail["trust_list"] == "c2pa"
    assert finding(as_file(data), both).detail["trust_list"] == "interim"
    assert anchored_in("found in [] trust anchors", [INTERIM_SIGNERS.name]) == "interim-signers"
    assert (
        anchored_in("found in [] trust anchors", ["interim-signers", "own-signers"]) == "interim-signers or own-signers"
    )
    assert anchored_in("found in [imageauth:c2pa-time-stamps] trust anchors", ["c2pa-time-stamps"]) is None
    assert anchored_in("", []) is None


@pytest.mark.parametrize("depth", [0, 1])
def test_the_list_for_time_stamps_vouches_for_no_signer(depth: int) -> None:
    """The library takes signers from it; the specification (2.2, section 14.4.2) keeps the lists apart."""
    data, _ = sign(picture(), CAPTURE, root=ROOT)
    for step in range(depth):
        data, _ = sign(picture(seed=step), [], root=STRANGER, ingredients=[("parentOf", data)])
    lists = TrustLists((parse(TIME_STAMPS, ROOT.pem, "test"), *(STRANGER.trust.lists if depth else ())))
    item = finding(as_file(data), lists)
    assert (item.points_to, item.strength, item.detail["state"]) == ("real", "declared", "valid")


def test_source_type_outside_of_actions() -> None:
    metadata = {"@context": {"Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"}}
    metadata["Iptc4xmpExt:DigitalSourceType"] = IPTC + "trainedAlgorithmicMedia"
    data, _ = sign(
        picture(),
        [created("digitalCreation")],
        root=ROOT,
        assertions=[{"label": "org.test.metadata", "created": True, "data": metadata}],
    )
    assert outcome(data) == ("credentials-ai", "ai", "proof")


@pytest.mark.parametrize(("term", "points_to"), [("trainedAlgorithmicMedia", "ai"), ("digitalCapture", "real")])
def test_what_the_signer_only_gathered_is_no_proof(term: str, points_to: str) -> None:
    """For assertions that a claim of version 2 only gathered, its signer does not vouch."""
    item = finding(as_file(sign(picture(), [created(term)], root=ROOT, stated=False)[0]))
    assert (item.points_to, item.strength) == (points_to, "declared")
    assert "gathered" in item.finding
    assert [source["stated"] for source in item.detail["source_types"]] == [False]


def test_gathered_words_do_not_make_a_capture_proven_ai() -> None:
    gathered = {"label": "org.g.x", "data": {"digitalSourceType": IPTC + "trainedAlgorithmicMedia"}}
    data, _ = sign(picture(), CAPTURE, root=ROOT, assertions=[gathered])
    assert outcome(data) == ("credentials-ai", "ai", "declared")
    assert outcome(sign(picture(), CAPTURE, root=ROOT, assertions=[gathered | {"created": True}])[0])[2] == "proof"


def test_all_of_a_claim_of_version_1_is_its_signers_word() -> None:
    data, _ = sign(picture(), AI, root=ROOT, stated=False)
    report = reading.library.read_store(data, "image/jpeg", None, ROOT.trust)
    (manifest,) = report["manifests"].values()
    manifest["claim_version"] = 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading.library, "read_store", lambda *_: report)
        assert outcome(data) == ("credentials-ai", "ai", "proof")


@pytest.mark.parametrize("actions", [[], [{"action": "c2pa.cropped", "parameters": {"x": CAPTURE}}]])
def test_a_capture_is_stated_by_an_action_and_nothing_else(actions: list) -> None:
    aside = {"label": "org.test.x", "created": True, "data": CAPTURE[0]}
    data, _ = sign(picture(), [created("digitalCreation"), *actions], root=ROOT, assertions=[aside])
    assert outcome(data) == ("credentials-present", "none", "none")


@pytest.mark.parametrize(
    ("address", "meaning_"),
    [
        (IPTC + "trainedAlgorithmicMedia", "ai"),
        (IPTC.replace("http:", "https:") + "TrainedAlgorithmicMedia/", "ai"),
        ("digsrctype:compositeSynthetic", "ai"),
        ("https://schema.org/TrainedAlgorithmicMediaDigitalSource", "ai"),
        ("trainedAlgorithmicMedia", "ai"),
        (IPTC + "digitalCapture", "capture"),
        ("http://c2pa.org/digitalsourcetype/empty", "none"),
        ("http://example.org/trainedAlgorithmicMedia", "none"),
        (IPTC + "nonsense", "none"),
        ("", "none"),
    ],
)
def test_vocabulary(address: str, meaning_: str) -> None:
    assert vocabulary.look_up(address).meaning == meaning_


def test_the_vocabulary_is_documented() -> None:
    text = (Path(__file__).parents[1] / "docs" / "credentials.md").read_text(encoding="utf-8")
    for term in vocabulary.TERMS.values():
        assert f"| `{term.name}` | {term.words} | {term.meaning} |" in text
    for name in meaning.HARMLESS_ACTIONS - {"c2pa.watermarked.bound", "c2pa.watermarked.unbound"}:
        assert f"`{name.removeprefix('c2pa.')}`" in text
    for kind in (
        "ai",
        "ai-ingredient",
        "ai-part",
        "ai-input",
        "capture",
        "capture-edited",
        "present",
        "invalid",
        "unreadable",
        "remote",
    ):
        assert f"`credentials-{kind}`" in text


# Edits and ingredients


@pytest.mark.parametrize(
    ("actions", "strength"),
    [
        ([], "proof"),
        ([{"action": "c2pa.cropped"}, {"action": "c2pa.resized"}], "proof"),
        ([{"action": "c2pa.enhanced", "digitalSourceType": IPTC + "algorithmicallyEnhanced"}], "proof"),
        ([{"action": "c2pa.enhanced", "digitalSourceType": IPTC + "composite"}], "declared"),
        (EDIT, "declared"),
        ([{"action": "org.example.anything"}], "declared"),
    ],
    ids=["saved again", "cropped", "enhanced", "composed", "edited", "unknown"],
)
def test_edit_after_capture_is_said(actions: list, strength: str) -> None:
    camera, _ = sign(picture(), CAPTURE, root=ROOT)
    edited, _ = sign(picture(seed=1), actions, root=ROOT, ingredients=[("parentOf", camera)], organisation="Editor")
    item = finding(as_file(edited))
    assert (item.code, item.points_to, item.strength) == ("credentials-capture-edited", "real", strength)
    assert "afterwards" in item.finding
    assert item.detail["edits_after_capture"] == ["c2pa.opened", *(action["action"] for action in actions)]


def test_capture_with_something_put_into_it_is_no_proof() -> None:
    camera, _ = sign(picture(), CAPTURE, root=ROOT)
    mixed, _ = sign(
        picture(seed=1), [], root=ROOT, ingredients=[("parentOf", camera), ("componentOf", picture(seed=2))]
    )
    assert outcome(mixed)[1:] == ("real", "declared")


@pytest.mark.parametrize("editor", [False, True])
def test_a_list_of_actions_that_is_not_whole_is_no_proof(editor: bool) -> None:
    open_end = {"allActionsIncluded": False}
    cropped = [{"action": "c2pa.cropped"}]
    data, _ = sign(picture(), CAPTURE + cropped, root=ROOT, facts=None if editor else open_end)
    if editor:
        data, _ = sign(picture(seed=1), cropped, root=ROOT, ingredients=[("parentOf", data)], facts=open_end)
    item = finding(as_file(data))
    assert (item.code, item.points_to, item.strength) == ("credentials-capture-edited", "real", "declared")
    assert "not all" in item.finding
    whole, _ = sign(picture(), CAPTURE + cropped, root=ROOT, facts={"allActionsIncluded": True})
    assert outcome(whole)[2] == "proof"


def test_capture_that_does_not_hold_counts_for_nothing() -> None:
    camera = bytearray(sign(picture(), CAPTURE, root=ROOT)[0])
    camera[-20] ^= 1
    data = bytes(camera)
    for step in range(2):
        data, _ = sign(picture(seed=step), [], root=ROOT, ingredients=[("parentOf", data)])
        item = finding(as_file(data))
        assert (item.code, item.points_to, item.strength) == ("credentials-present", "none", "none")
        assert "captured from real life by a camera, in a statement that does not hold" in item.finding


@pytest.mark.parametrize("actions", [CAPTURE, AI])
def test_what_comes_through_a_manifest_that_does_not_hold_counts_for_nothing(actions: list) -> None:
    data, _ = sign(picture(), actions, root=ROOT)
    middle = bytearray(sign(picture(seed=1), [], root=ROOT, ingredients=[("parentOf", data)])[0])
    middle[-20] ^= 1
    last, _ = sign(picture(seed=2), [], root=ROOT, ingredients=[("parentOf", bytes(middle))])
    assert outcome(last) == ("credentials-present", "none", "none")


def test_capture_that_is_only_a_part_says_nothing() -> None:
    camera, _ = sign(picture(), CAPTURE, root=ROOT)
    collage, _ = sign(picture(seed=1), [created("composite")], root=ROOT, ingredients=[("componentOf", camera)])
    assert outcome(collage) == ("credentials-present", "none", "none")


@pytest.mark.parametrize("relationship", ["parentOf", "componentOf"])
def test_ai_ingredient(relationship: str) -> None:
    model, _ = sign(picture(), AI, root=ROOT, organisation="Model Maker")
    first = [] if relationship == "parentOf" else [created("composite")]
    edited, _ = sign(picture(seed=1), first, root=ROOT, ingredients=[(relationship, model)])
    item = finding(as_file(edited))
    code = "credentials-ai-ingredient" if relationship == "parentOf" else "credentials-ai-part"
    assert (item.code, item.points_to, item.strength) == (code, "ai", "proof")
    assert "Model Maker" in item.finding
    (source,) = [source for source in item.detail["source_types"] if source["term"] == "trainedAlgorithmicMedia"]
    assert (source["active"], source["entered"], source["manifest_state"]) == (False, [relationship], "trusted")


@pytest.mark.parametrize("capture", [False, True])
def test_ai_that_was_only_input_points_nowhere_and_is_told(capture: bool) -> None:
    model, _ = sign(picture(), AI, root=ROOT, organisation="Model Maker")
    first = CAPTURE if capture else [created("digitalCreation")]
    derived, _ = sign(picture(seed=1), first, root=ROOT, ingredients=[("inputTo", model)])
    item = finding(as_file(derived))
    assert (item.code, item.points_to, item.strength) == ("credentials-ai-input", "none", "none")
    assert "Model Maker" in item.finding
    assert "input to a process" in item.finding
    assert ("captured from real life by a camera" in item.finding) == capture
    assert ("no proof of a camera picture" in item.finding) == capture
    later, _ = sign(picture(seed=2), [], root=ROOT, ingredients=[("parentOf", derived)])
    assert outcome(later) == ("credentials-ai-input", "none", "none")


def test_ai_that_was_input_and_more_counts_as_more() -> None:
    model, _ = sign(picture(), AI, root=ROOT)
    for uses in (["inputTo", "parentOf"], ["componentOf", "inputTo", "parentOf"]):
        data, _ = sign(picture(seed=1), [], root=ROOT, ingredients=[(use, model) for use in uses])
        assert outcome(data) == ("credentials-ai-ingredient", "ai", "proof")
    through, _ = sign(picture(seed=1), [], root=ROOT, ingredients=[("parentOf", model)])
    data, _ = sign(picture(seed=2), [], root=ROOT, ingredients=[("inputTo", model), ("parentOf", through)])
    assert outcome(data) == ("credentials-ai-ingredient", "ai", "proof")


def test_generative_fill_in_a_capture_is_a_part() -> None:
    camera, _ = sign(picture(), CAPTURE, root=ROOT)
    fill = [{"action": "c2pa.edited", "digitalSourceType": IPTC + "trainedAlgorithmicMedia"}]
    data, _ = sign(picture(seed=1), fill, root=ROOT, ingredients=[("parentOf", camera)])
    item = finding(as_file(data))
    assert (item.code, item.points_to, item.strength) == ("credentials-ai-part", "ai", "proof")
    assert "part of this image" in item.finding
    assert outcome(sign(picture(), AI + fill, root=ROOT)[0]) == ("credentials-ai", "ai", "proof")


def test_a_composite_edit_of_what_a_model_made_whole_leaves_it_whole() -> None:
    model, _ = sign(picture(), AI, root=ROOT)
    edit = [{"action": "c2pa.edited", "digitalSourceType": IPTC + "compositeWithTrainedAlgorithmicMedia"}]
    data, _ = sign(picture(seed=1), edit, root=ROOT, ingredients=[("parentOf", model)])
    assert outcome(data) == ("credentials-ai-ingredient", "ai", "proof")


def test_ai_ingredient_signed_by_a_stranger_is_no_proof_and_forbids_real() -> None:
    """Else anyone could have a trusted editor's signature say of any photograph that it is AI-made."""
    forged, _ = sign(picture(), AI, root=STRANGER)
    edited, _ = sign(picture(seed=1), EDIT, root=ROOT, ingredients=[("parentOf", forged)])
    assert outcome(edited) == ("credentials-ai-ingredient", "ai", "declared")
    camera, _ = sign(picture(), CAPTURE, root=ROOT)
    both, _ = sign(picture(seed=1), [], root=ROOT, ingredients=[("parentOf", camera), ("componentOf", forged)])
    assert outcome(both) == ("credentials-ai-part", "ai", "declared")


def test_ai_ingredient_that_does_not_hold_counts_for_nothing() -> None:
    model = bytearray(sign(picture(), AI, root=ROOT)[0])
    model[-20] ^= 1
    edited, _ = sign(picture(seed=1), EDIT, root=ROOT, ingredients=[("parentOf", bytes(model))])
    item = finding(as_file(edited))
    assert (item.code, item.points_to, item.strength) == ("credentials-present", "none", "none")
    assert "does not hold" in item.finding


def test_ingredients_ten_deep() -> None:
    data, _ = sign(picture(), AI, root=ROOT, organisation="Model Maker")
    for step in range(10):
        data, _ = sign(
            picture(seed=step), EDIT, root=ROOT, ingredients=[("parentOf", data)], organisation=f"Editor {step}"
        )
    credentials = read(as_file(data), trust=ROOT.trust)
    assert credentials is not None
    assert [len(manifest.entered) for manifest in credentials.manifests] == list(range(11))
    assert all(manifest.state == "trusted" and manifest.bound for manifest in credentials.manifests)
    item = finding(as_file(data))
    assert (item.code, item.strength) == ("credentials-ai-ingredient", "proof")
    assert "10 steps back" in item.finding


def test_a_stranger_in_the_middle_breaks_the_chain() -> None:
    camera, _ = sign(picture(), CAPTURE, root=ROOT)
    middle, _ = sign(picture(seed=1), [], root=STRANGER, ingredients=[("parentOf", camera)])
    last, _ = sign(picture(seed=2), [], root=ROOT, ingredients=[("parentOf", middle)])
    assert outcome(last)[1:] == ("real", "declared")


# Whether they hold


def test_tampered_by_one_byte() -> None:
    data = bytearray(sign(picture(), AI, root=ROOT)[0])
    data[-20] ^= 1
    item = finding(as_file(bytes(data)))
    assert (item.code, item.points_to, item.strength) == ("credentials-invalid", "none", "none")
    assert "assertion.dataHash.mismatch" in item.detail["failures"]
    assert "assertion.dataHash.mismatch" in item.finding


def test_stripped() -> None:
    assert CredentialSource(ROOT.trust)(as_file(picture())) == ()
    assert read(as_file(picture()), trust=ROOT.trust) is None


def test_stripped_and_put_into_another_picture() -> None:
    data, _ = sign(picture(), CAPTURE, root=ROOT)
    assert outcome(pasted(data, picture(seed=5))) == ("credentials-invalid", "none", "none")


def test_expired_is_not_tampered() -> None:
    valid = timedelta(seconds=2)
    data, _ = sign(picture(), AI, root=ROOT, valid=valid, organisation="Late")
    until = time.monotonic() + 60
    while (item := finding(as_file(data))).detail["state"] == "trusted" and time.monotonic() < until:
        time.sleep(0.5)
    assert (item.code, item.points_to, item.strength) == ("credentials-ai", "ai", "declared")
    assert item.detail["state"] == "expired"
    assert "signingCredential.expired" in item.detail["failures"]
    assert "out of date" in item.finding
    tampered = bytearray(data)
    tampered[-20] ^= 1
    assert outcome(bytes(tampered))[0] == "credentials-invalid"


def test_two_manifests() -> None:
    """The library refuses a JPEG with the stores of two; whatever it did, neither may speak for the picture."""
    one, two = (sign(picture(), AI, root=ROOT)[0], sign(picture(), CAPTURE, root=ROOT)[0])
    code, points_to, strength = outcome(pasted(one, two))
    assert (points_to, strength) == ("none", "none")
    assert code in ("credentials-invalid", "credentials-unreadable")


def test_two_manifests_one_after_the_other() -> None:
    first, _ = sign(picture(), CAPTURE, root=ROOT)
    second, _ = sign(first, [], root=ROOT, ingredients=[("parentOf", first)])
    credentials = read(as_file(second), trust=ROOT.trust)
    assert credentials is not None
    assert (credentials.state, len(credentials.manifests)) == ("trusted", 2)
    assert outcome(second)[1] == "real"


@pytest.mark.parametrize("form", ["png", "webp"])
def test_extension_tells_nothing(form: str, tmp_path: Path) -> None:
    data, _ = sign(picture(form), AI, root=ROOT, form=form)
    for name in ("x.jpg.png", "x.gif", f"x.{form}.jpg", "x"):
        path = tmp_path / name
        path.write_bytes(data)
        item = finding(examine(path.read_bytes()))
        assert (item.code, item.strength) == ("credentials-ai", "proof")


def test_wrong_format_is_tolerated() -> None:
    data, _ = sign(picture("png"), AI, root=ROOT, form="png")
    assert outcome(data, form="webp") == ("credentials-ai", "ai", "proof")


# Beside and elsewhere


def test_sidecar() -> None:
    data, store = sign(picture(), AI, root=ROOT, embed=False)
    assert read(as_file(data), trust=ROOT.trust) is None
    item = finding(as_file(data, sidecar=store))
    assert (item.code, item.strength, item.detail["origin"]) == ("credentials-ai", "proof", "sidecar")
    assert finding(as_file(picture(seed=9), sidecar=store)).code == "credentials-invalid"


@pytest.mark.parametrize("sidecar", [b"", b"garbage", b"\0\0\0\x20jumb" * 9, bytes(100)])
def test_bad_sidecar(sidecar: bytes) -> None:
    assert finding(as_file(picture(), sidecar=sidecar)).code == "credentials-unreadable"
    bmp = ImageFile(data=b"BM", format="bmp", width=1, height=1, sidecar=sidecar)
    assert finding(bmp).code == "credentials-unreadable"


def test_credentials_inside_go_before_those_beside() -> None:
    data, _ = sign(picture(), AI, root=ROOT)
    credentials = read(as_file(data, sidecar=b"garbage"), trust=ROOT.trust)
    assert credentials is not None
    assert credentials.origin == "embedded"
    assert credentials.notes


def test_remote_is_not_fetched_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    address = "https://manifests.example/a.c2pa"
    data, store = sign(picture(), AI, root=ROOT, remote=address, embed=False)
    asked: list[str] = []

    def fetch(address: str, **_: object) -> bytes:
        asked.append(address)
        return store

    monkeypatch.setattr(fetching, "fetch", fetch)
    item = finding(as_file(data))
    assert (item.code, item.points_to, item.strength, asked) == ("credentials-remote", "none", "none", [])
    assert address in item.finding
    (item,) = CredentialSource(ROOT.trust, online=True)(as_file(data))
    assert (item.code, item.strength, item.detail["origin"], asked) == ("credentials-ai", "proof", "remote", [address])


@pytest.mark.parametrize("address", ["http://127.0.0.1:9/x", "http://localhost/x", "http://[::1]/x"])
def test_online_does_not_visit_this_machine(address: str) -> None:
    data, _ = sign(picture(), AI, root=ROOT, remote=address, embed=False)
    (item,) = CredentialSource(ROOT.trust, online=True)(as_file(data))
    assert item.code == "credentials-remote"
    assert "not a public web address" in item.finding


def test_nothing_is_fetched_by_the_library() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.3)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/never"
        data, _ = sign(picture(), AI, root=ROOT, remote=address, embed=False)
        for online in (False, True):
            (item,) = CredentialSource(ROOT.trust, online=online)(as_file(data))
            assert item.code == "credentials-remote"
        with pytest.raises(TimeoutError):
            server.accept()


# Hostile files, threads, cost


def test_truncated_and_garbage_manifests() -> None:
    data, store = sign(picture(), AI, root=ROOT)
    at = data.index(b"jumb")
    for cut in range(0, len(store), 97):
        broken = data[: at + cut] + bytes(len(store) - cut) + data[at + len(store) :]
        for item in CredentialSource(ROOT.trust)(as_file(broken)):
            assert item.code in ("credentials-invalid", "credentials-unreadable")
            assert (item.points_to, item.strength) == ("none", "none")
        for image in (as_file(data[: at + cut]), as_file(picture(), sidecar=store[:cut])):
            for item in CredentialSource(ROOT.trust)(image):
                assert (item.points_to, item.strength) == ("none", "none")


def test_a_store_that_is_too_large_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    data, store = sign(picture(), AI, root=ROOT)
    monkeypatch.setattr(carriers, "MAX_STORE", len(store) - 1)
    assert outcome(data) == ("credentials-unreadable", "none", "none")
    assert finding(as_file(picture(), sidecar=store)).code == "credentials-unreadable"


@pytest.mark.parametrize("limit", ["MAX_BOXES", "MAX_RESULTS"])
def test_a_store_of_too_many_parts_is_a_finding(monkeypatch: pytest.MonkeyPatch, limit: str) -> None:
    data, _ = sign(picture(), AI, root=ROOT)
    for step in range(3):
        data, store = sign(picture(seed=step), EDIT, root=ROOT, ingredients=[("parentOf", data)])
    assert outcome(data)[2] == "proof"
    monkeypatch.setattr(carriers, limit, 5)
    for image in (as_file(data), as_file(picture(), sidecar=store)):
        item = finding(image)
        assert (item.code, item.detail["reason"]) == ("credentials-unreadable", "made of too many parts")


def test_a_store_made_to_be_slow_is_refused_at_once() -> None:
    """The library takes time that grows with the square of the results in it."""
    data, store = sign(picture(), AI, root=ROOT)
    slow = store + b"\x64code" * 9_000
    begun = time.monotonic()
    assert finding(as_file(picture(), sidecar=slow)).detail["reason"] == "made of too many parts"
    segments = b"\xff\xeb\x00\x02" * 2_500
    assert "too many segments" in finding(as_file(data[:2] + segments + data[2:])).finding
    assert time.monotonic() - begun < 5


def test_what_is_not_read_whole_is_no_proof_of_a_capture() -> None:
    deep: list = []
    for _ in range(60):
        deep = [deep]
    data, _ = sign(picture(), CAPTURE, root=ROOT, assertions=[{"label": "org.test.deep", "data": {"x": deep}}])
    assert outcome(data)[1:] == ("real", "declared")


def test_more_source_types_than_are_read_are_no_proof_of_a_capture() -> None:
    many = [{"digitalSourceType": IPTC + "empty"}] * 600 + AI
    data, _ = sign(
        picture(), CAPTURE, root=ROOT, assertions=[{"label": "org.test.x", "created": True, "data": {"x": many}}]
    )
    credentials = read(as_file(data), trust=ROOT.trust)
    assert credentials is not None
    assert not credentials.whole
    item = finding(as_file(data))
    assert (item.points_to, item.strength) == ("real", "declared")
    assert "more than is read" in item.finding


def test_long_strings_are_cut() -> None:
    actions = [created("digitalCapture", softwareAgent="x" * 10_000, description="y" * 10_000)]
    data, _ = sign(picture(), [*actions, *EDIT * 3], root=ROOT, organisation="Z" * 56)
    item = finding(as_file(data))
    assert len(json.dumps(item.to_json())) < 5_000


def test_many_threads_at_once() -> None:
    files = [as_file(sign(picture(seed=seed), actions, root=ROOT)[0]) for seed, actions in enumerate([AI, CAPTURE] * 4)]
    source = CredentialSource(ROOT.trust)
    expected = [source(file) for file in files]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(10):
            assert list(pool.map(source, files)) == expected


@pytest.mark.parametrize("form", FORMATS)
def test_the_library_is_not_asked_about_files_without_credentials(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(reading.library, "read_store", never)
    assert read(as_file(picture(form, side=256), form), trust=ROOT.trust) is None


def test_looking_for_credentials_skips_the_pixels_only() -> None:
    for form in ("jpeg", "png"):
        data, _ = sign(picture(form), AI, root=ROOT, form=form)
        assert carriers.may_carry(data, form)
        assert carriers.may_carry(data[:2] + data, form)  # damaged: everything is searched
    assert not carriers.may_carry(b"", "jpeg")
    assert not carriers.may_carry(b"\xff\xd8\xff", "jpeg")
    assert not carriers.may_carry(b"\x89PNG\r\n\x1a\n\xff\xff\xff\xff", "png")


def test_importing_does_not_load_the_library() -> None:
    code = "import imageauth.provenance.credentials, sys; print('c2pa' in sys.modules, 'cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


# States


@pytest.mark.parametrize(
    ("library", "failures", "state"),
    [
        ("Trusted", [], "trusted"),
        ("Valid", ["signingCredential.untrusted"], "valid"),
        ("Invalid", ["signingCredential.expired", "signingCredential.untrusted"], "expired"),
        ("Invalid", ["signingCredential.expired", "assertion.dataHash.mismatch"], "invalid"),
        ("Invalid", [], "invalid"),
        (None, [], "invalid"),
        ("nonsense", ["signingCredential.untrusted"], "invalid"),
    ],
)
def test_store_states(library: str | None, failures: list[str], state: str) -> None:
    assert store_state(library, failures) == state


def test_a_manifest_whose_signature_was_not_looked_at_is_unchecked() -> None:
    assert manifest_state([], []) == "unchecked"
    assert manifest_state(["claimSignature.validated"], ["cawg.x509.signature.mismatch"]) == "valid"
    assert manifest_state(["claimSignature.validated", "signingCredential.trusted"], []) == "trusted"


def test_harmless_actions_are_of_c2pa() -> None:
    assert all(name.startswith("c2pa.") for name in meaning.HARMLESS_ACTIONS)
    assert "c2pa.edited" not in meaning.HARMLESS_ACTIONS


# The shared samples


def test_samples_as_the_reference_reader_says(shared: Path) -> None:
    sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
    from credentials import agrees, known_difference, samples
    from credentials import settings as trust_settings

    every = list(samples(shared))
    assert len(every) > 50
    for name, trust in trust_settings(shared).items():
        for sample in every:
            credentials = read(sample.image(), trust=trust)
            ours = credentials.state if credentials else "none"
            if not sample.says:
                assert ours == "remote" if "must fetch" in sample.error else ours in ("none", "unreadable"), sample.name
                continue
            said = sample.says[name]
            assert agrees(said, credentials) or known_difference(sample, name, said, ours), f"{name}: {sample.name}"
            for item in evidence(credentials):
                if ours not in ("invalid", "unreadable"):
                    assert (item.points_to == "ai") == sample.ai, f"{name}: {sample.name}"
                if item.strength == "proof":
                    assert ours == "trusted"


def test_hostile_samples_are_findings(shared: Path) -> None:
    for path in sorted((shared / "samples" / "hostile").iterdir()):
        data = path.read_bytes()
        for form in ("jpeg", "png", "tiff"):
            for item in CredentialSource(NOBODY)(as_file(data, form)):
                assert item.code in ("credentials-unreadable", "credentials-invalid", "credentials-remote")


# Fuzzing. `python -m tests.test_credentials SECONDS SEED` goes on for longer


def seeds() -> list[tuple[str, bytes]]:
    """Signed files and where their manifests lie."""
    chain, _ = sign(picture(), AI, root=ROOT)
    chain, _ = sign(picture(seed=1), EDIT, root=ROOT, ingredients=[("parentOf", chain)])
    made = [("jpeg", chain), ("jpeg", sign(picture(), AI, root=ROOT, remote="http://x.example/", embed=False)[0])]
    made += [(form, sign(picture(form), CAPTURE, root=ROOT, form=form)[0]) for form in FORMATS[1:]]
    return made


def mutate(data: bytes, rng: random.Random) -> bytes:
    """A few bytes changed, removed, doubled or replaced by extreme lengths, mostly within the manifest."""
    changed = bytearray(data)
    store = max(changed.find(b"jumb"), 0)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(store, len(changed)) if rng.random() < 0.8 else rng.randrange(len(changed))
        match rng.randrange(5):
            case 0:
                changed[at] = rng.randrange(256)
            case 1:
                changed[at : at + 4] = rng.choice(
                    [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\0\0\0\x01"]
                )
            case 2:
                del changed[at : at + rng.randint(1, 64)]
            case 3:
                changed[at:at] = changed[at : at + rng.randint(1, 256)]
            case 4:
                changed[at : at + 1] = rng.choice([b"\x9f", b"\xbf", b"\x9b\xff\xff\xff\xff", b"\x81" * 64, b"\xc1"])
        if not changed:
            return b""
    return bytes(changed)


def resident() -> int:
    """Memory in use, bytes; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096
    except OSError:
        return 0


def fuzz(seconds: float, seed: int) -> tuple[int, float]:
    """Mutated files for so long; how many, and the slowest."""
    rng, source = random.Random(seed), CredentialSource(ROOT.trust)
    originals = seeds()
    for form, data in originals:
        source(as_file(data, form))
    gc.collect()
    before, until, count, slowest = resident(), time.monotonic() + seconds, 0, 0.0
    while time.monotonic() < until:
        form, data = rng.choice(originals)
        image = as_file(mutate(data, rng), form)
        begun = time.monotonic()
        found = source(image)
        slowest = max(slowest, time.monotonic() - begun)
        for item in found:
            json.dumps(item.to_json())
        count += 1
    assert resident() - before < 300 * 2**20
    return count, slowest


def test_fuzz_mutated_files() -> None:
    count, slowest = fuzz(FUZZ_SECONDS, 0)
    assert count > 50
    assert slowest < 2


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=2_000), st.sampled_from(sorted(carriers.MEDIA_TYPES)), st.booleans())
def test_fuzz_any_bytes(data: bytes, form: str, beside: bool) -> None:
    image = as_file(picture(), sidecar=data) if beside else as_file(data + b"jumb" + data, form)
    for item in CredentialSource(NOBODY)(image):
        assert item.strength in ("none", "declared")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(JSON, st.data())
def test_whatever_the_library_reports_is_borne(junk: object, data: st.DataObject) -> None:
    """Any part of its report may be of any type."""
    good, _ = sign(picture(), AI, root=ROOT)
    report = reading.library.read_store(good, "image/jpeg", None, ROOT.trust)
    node = report
    for _ in range(data.draw(st.integers(0, 6))):
        if not isinstance(node, dict | list) or not node:
            break
        key = data.draw(st.sampled_from(sorted(node) if isinstance(node, dict) else range(len(node))))
        if data.draw(st.booleans()) or not isinstance(node[key], dict | list):
            node[key] = junk
            break
        node = node[key]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading.library, "read_store", lambda *_: report)
        for item in CredentialSource(ROOT.trust)(as_file(good)):
            json.dumps(item.to_json())


if __name__ == "__main__":
    print(fuzz(float(sys.argv[1]), int(sys.argv[2])))
