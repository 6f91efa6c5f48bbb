"""Watermarks: read where they are, silent where they are not, and never in the way."""

import csv
import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image as Pillow

from imageauth.errors import ImageError
from imageauth.imagefile import ImageFile
from imageauth.images import Image, decode
from imageauth.provenance.watermarks import ask, invisible, read
from imageauth.provenance.watermarks.blocks import MAX_BLOCKS, read_blocks
from imageauth.provenance.watermarks.invisible import match
from imageauth.provenance.watermarks.messages import MESSAGES, Message, Plane

from .conftest import FUZZ_SECONDS, drawn
from .marks import embed, jpeg, with_bar, with_star

EVERY = [(message, plane) for message in MESSAGES for plane in message.planes]
NAMES = [f"{message.text}-{plane.name}" for message, plane in EVERY]


def image(pixels: np.ndarray) -> Image:
    return Image(pixels=pixels, data=b"", format="png", width=pixels.shape[1], height=pixels.shape[0])


def said(pixels: np.ndarray) -> list[str]:
    """Names of the marks found."""
    return [mark.name for mark in read(image(pixels))]


@pytest.fixture(scope="module")
def photos() -> list[np.ndarray]:
    """Two photographs of 640×427 that come with scikit-learn."""
    datasets = pytest.importorskip("sklearn.datasets")
    return list(datasets.load_sample_images().images)


def test_the_table_of_messages() -> None:
    assert [len(message.binary) for message in MESSAGES] == [48, 136, 32, 46, 64]
    assert all(set(message.binary) == {"0", "1"} for message in MESSAGES)
    assert all(len(message.signs) % message.period == 0 for message in MESSAGES)


@pytest.mark.parametrize(("message", "plane"), EVERY, ids=NAMES)
def test_each_message_is_read_from_photographs(photos: list[np.ndarray], message: Message, plane: Plane) -> None:
    for photo in photos:
        assert said(photo) == []
        marked = embed(photo, message.binary, plane)
        (mark,) = read(image(marked))
        assert mark.code == message.code
        assert mark.measured["message"] == message.text
        assert mark.measured["bits_matched"] >= 0.95 * len(message.binary)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.text)
def test_a_message_survives_fine_jpeg_and_a_cut_below(photos: list[np.ndarray], message: Message) -> None:
    marked = embed(photos[0], message.binary, message.planes[0])
    for changed in (jpeg(marked, 95), jpeg(marked, 90, subsampling=0), marked[:300]):
        assert said(changed) == [f"dwtDct {message.text}"]


@pytest.mark.parametrize(("width", "height"), [(257, 259), (1000, 333), (256, 256), (2048, 40), (640, 1027)])
def test_any_size(width: int, height: int) -> None:
    message = MESSAGES[0]
    picture = drawn(width, height, seed=3)
    assert said(picture) == []
    assert said(embed(picture, message.binary, message.planes[0])) == ["dwtDct 0xB3EC907BB19E"]


def test_a_large_picture_is_read_in_part() -> None:
    message = MESSAGES[1]
    tile = embed(drawn(1088, 272, seed=5), message.binary, Plane.BYTES)  # 136 blocks a row, so that tiles continue it
    large = np.tile(tile, (8, 2, 1))
    blocks = read_blocks(large)
    assert blocks is not None
    assert 0.9 * MAX_BLOCKS < len(blocks.index) <= MAX_BLOCKS
    assert said(large) == ["dwtDct StableDiffusionV1"]


@pytest.mark.parametrize("size", [(16, 16), (255, 256), (128, 511)])
def test_pictures_that_the_encoder_refuses(size: tuple[int, int]) -> None:
    assert read_blocks(drawn(*size)) is None
    assert said(drawn(*size)) == []


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((512, 512, 3), 0, np.uint8),
        np.full((512, 512, 3), 255, np.uint8),
        np.full((512, 512, 3), (12, 200, 90), np.uint8),
        np.repeat(np.repeat(np.arange(64, dtype=np.uint8)[None, :, None] * 4, 512, 0), 8, 1).repeat(3, 2),
        np.tile(np.kron(np.eye(2), np.ones((8, 8)))[..., None].astype(np.uint8) * 255, (32, 32, 3)),
        np.random.default_rng(0).integers(0, 256, (512, 512, 3), np.uint8),
    ],
    ids=["black", "white", "green", "grey steps", "checkers", "noise"],
)
def test_plain_and_periodic_pictures_carry_nothing(pixels: np.ndarray) -> None:
    assert said(pixels) == []


def test_a_grey_picture_can_carry_a_message(photos: list[np.ndarray]) -> None:
    grey = np.repeat(photos[0].mean(axis=2, keepdims=True).astype(np.uint8), 3, 2)
    assert said(grey) == []
    message = MESSAGES[3]
    assert said(embed(grey, message.binary, Plane.FLOATS)) == ["dwtDct 0x2AFE879CF52E"]


def test_other_messages_are_not_taken_for_known_ones(photos: list[np.ndarray]) -> None:
    for text in ("Hello, world", "test", "my own watermark"):
        binary = "".join(f"{byte:08b}" for byte in text.encode())
        assert said(embed(photos[0], binary, Plane.BYTES)) == []
    rng = np.random.default_rng(1)
    for _ in range(3):
        assert said(embed(photos[1], "".join(rng.choice(["0", "1"], 48)), Plane.FLOATS)) == []


def test_a_shift_of_the_grid_loses_the_message(photos: list[np.ndarray]) -> None:
    """A limit that the documentation states."""
    marked = embed(photos[0], MESSAGES[0].binary, Plane.FLOATS)
    assert said(marked[:, 3:]) == []


@pytest.mark.parametrize("side", [16, 8])
def test_the_colour_bar(photos: list[np.ndarray], side: int) -> None:
    square = np.asarray(Pillow.fromarray(photos[0][:427, :427]).resize((64 * side, 64 * side)))
    marked = with_bar(square, side)
    for changed in (marked, jpeg(marked, 75)):
        (mark,) = read(image(changed))
        assert mark.code == "watermark-visible-dall-e-2"
    assert said(marked[:, ::-1]) == []
    assert said(marked[::-1]) == []
    other = marked.copy()
    other[-side:, -3 * side : -2 * side] = (200, 218, 76)
    assert said(other) == []


@pytest.mark.parametrize("size", [27, 41.5, 60])
def test_the_star(photos: list[np.ndarray], size: float) -> None:
    picture = np.asarray(Pillow.fromarray(photos[1]).resize((960, 640)))
    marked = with_star(picture, size)
    for changed in (marked, jpeg(marked, 80)):
        (mark,) = read(image(changed))
        assert mark.code == "watermark-visible-gemini"
        assert mark.measured["size"] == pytest.approx(size, rel=0.07)
    assert said(marked[:, ::-1]) == []
    assert said(with_star(picture, size, opacity=1.0)) == []


def test_a_round_light_is_no_star() -> None:
    picture = np.full((512, 512, 3), 40, np.uint8)
    down, across = np.mgrid[:512, :512]
    for size in (24, 40):
        distance = np.hypot(down - (512 - 7 / 6 * size), across - (512 - 7 / 6 * size))
        lit = picture.copy()
        lit[distance < size / 2] = 150
        assert said(lit) == []


def test_evidence(photos: list[np.ndarray]) -> None:
    marked = with_star(embed(photos[0], MESSAGES[2].binary, Plane.BYTES), 30)
    found = ask(image(marked))
    assert [item.code for item in found] == ["watermark-stable-diffusion", "watermark-visible-gemini"]
    for item in found:
        assert (item.source, item.points_to, item.strength) == ("watermark", "ai", "declared")
        assert item.finding.endswith(".")
        assert json.loads(json.dumps(item.to_json())) == item.to_json()
    assert found[0].detail["message"] == "SDV2"
    assert found[0].detail["false_alarms_at_most"] == 1e-4


def test_no_mark_no_evidence(photos: list[np.ndarray]) -> None:
    assert ask(image(photos[0])) == []


def test_nothing_where_pixels_were_not_asked() -> None:
    asked = ImageFile(data=b"", format="svg", width=0, height=0)
    assert read(asked) == ()
    assert ask(asked) == []


def test_a_failure_inside_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(invisible, "read_blocks", fail)
    (item,) = ask(image(drawn(300, 300)))
    assert (item.code, item.points_to, item.strength) == ("watermark-unreadable", "none", "none")


def test_degenerate_phases_match_nothing() -> None:
    index = np.arange(480)
    signs = MESSAGES[0].signs
    assert match(index, np.ones(480, np.complex64), signs) == (0.0, 0.0, 0)
    assert match(index[:20], np.exp(1j * index[:20]).astype(np.complex64), signs) == (0.0, 0.0, 0)


SHAPES = st.tuples(st.integers(16, 400), st.integers(16, 400), st.just(3))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.data_too_large, HealthCheck.too_slow])
@given(arrays(np.uint8, SHAPES, elements=st.integers(0, 255), fill=st.integers(0, 255)))
def test_any_pixels_give_plain_data_and_no_mark(pixels: np.ndarray) -> None:
    assert [item.code for item in ask(image(pixels))] == []


def test_any_pixels_for_a_while() -> None:
    """Blocks, noise, gradients and constants of any size."""
    random, end = np.random.default_rng(5), time.monotonic() + FUZZ_SECONDS
    while time.monotonic() < end:
        height, width = random.integers(16, 1500, 2)
        small = random.integers(0, 256, (*random.integers(1, 9, 2), 3), np.uint8)
        pixels = np.asarray(Pillow.fromarray(small).resize((width, height), int(random.integers(0, 4))))
        if random.random() < 0.5:
            pixels = np.clip(pixels + random.normal(0, random.uniform(0, 40), pixels.shape), 0, 255).astype(np.uint8)
        begun = time.process_time()
        assert all(item.code != "watermark-unreadable" for item in ask(image(pixels)))
        assert time.process_time() - begun < 2


@settings(max_examples=25, deadline=None)
@given(
    index=st.integers(0, len(EVERY) - 1),
    width=st.integers(256, 420),
    height=st.integers(256, 420),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_is_embedded_is_read(index: int, width: int, height: int, seed: int) -> None:
    message, plane = EVERY[index]
    noise = np.random.default_rng(seed).integers(-6, 7, (height, width, 3))
    picture = np.clip(drawn(width, height, seed % 1000) * 0.6 + 50 + noise, 0, 255).astype(np.uint8)
    assert said(embed(picture, message.binary, plane)) == [f"dwtDct {message.text}"]


@pytest.mark.shared
def test_shared_samples(shared: Path) -> None:
    """Real files with camera data and generator parameters: only the one of DALL·E 2 shows a mark."""
    with (shared / "samples" / "samples.tsv").open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream, delimiter="\t") if row["group"] in ("exif", "genparams")]
    checked = 0
    for row in rows:
        try:
            picture = decode((shared / "samples" / row["file"]).read_bytes())
        except ImageError:
            continue
        checked += 1
        expected = ["watermark-visible-dall-e-2"] if "dalle2" in row["file"] else []
        assert [item.code for item in ask(picture)] == expected, row["file"]
    assert checked > 30
