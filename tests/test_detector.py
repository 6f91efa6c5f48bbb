"""The Python API on the shipped model."""

import io
import json
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import imageauth
from imageauth import Detector, Failure, ImageError, ModelError, Report, Verdict, check
from imageauth.models import find_model, shipped_models
from imageauth.pixels.card import Card
from imageauth.pixels.model import PixelModel
from imageauth.pixels.views import square_views
from tests.conftest import drawn


def png(pixels: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def test_path_bytes_and_stream_give_the_same_answer(detector: Detector, picture: Path) -> None:
    by_path = detector.check(picture)
    by_bytes = detector.check(picture.read_bytes())
    by_stream = detector.check(io.BytesIO(picture.read_bytes()), name="stream")
    assert by_path.probability == by_bytes.probability == by_stream.probability
    assert (by_path.file, by_bytes.file, by_stream.file) == (str(picture), "bytes", "stream")
    assert check(picture) == by_path


def test_report_says_all_that_the_contract_asks(detector: Detector, picture: Path) -> None:
    report = detector.check(picture)
    data = json.loads(json.dumps(report.to_json()))
    assert data["schema"] == "imageauth/report/1"
    assert {"file", "sha256", "format", "width", "height", "verdict", "probability", "summary"} <= data.keys()
    assert {"source", "finding", "points_to", "strength", "detail"} <= data["evidence"][0].keys()
    assert data["produced_by"]["imageauth"] == imageauth.__version__
    assert data["produced_by"]["model_sha256"] == Card.load(find_model("cifake")).sha256
    assert Report.from_json(data) == report
    with pytest.raises(ValueError, match="schema"):
        Report.from_json(data | {"schema": "other/1"})


@pytest.mark.parametrize("size", [(65, 65), (640, 480), (31, 40), (4000, 3000), (17, 2000), (32, 65)])
def test_outside_the_domain_there_is_no_verdict(size: tuple[int, int]) -> None:
    report = Detector("cifake").check(png(drawn(*size)))
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.probability is None
    assert report.evidence[0].code == "pixels-outside-domain"
    assert report.evidence[0].points_to == "none"
    assert 0 <= report.evidence[0].detail["uncalibrated_probability"] <= 1
    assert f"{size[0]}×{size[1]}" in report.summary


def test_a_picture_of_one_colour_gets_no_verdict(detector: Detector) -> None:
    for level in (0, 128, 255):
        report = detector.check(png(np.full((32, 32, 3), level, np.uint8)))
        assert (report.verdict, report.probability) == (Verdict.INCONCLUSIVE, None)
        assert "flatter" in report.summary


@pytest.mark.parametrize("size", [(32, 32), (64, 64), (32, 64), (48, 60)])
def test_inside_the_domain_there_is_a_probability(detector: Detector, size: tuple[int, int]) -> None:
    report = detector.check(png(drawn(*size)))
    assert report.probability is not None
    assert 0 < report.probability < 1
    thresholds = Card.load(find_model("cifake")).thresholds
    expected = (
        Verdict.LIKELY_AI
        if report.probability >= thresholds.ai
        else Verdict.LIKELY_REAL
        if report.probability <= thresholds.real
        else Verdict.INCONCLUSIVE
    )
    assert report.verdict is expected


def test_many_come_in_order_and_bad_ones_do_not_stop_the_rest(detector: Detector, tmp_path: Path) -> None:
    sources: list[object] = []
    for index in range(150):
        path = tmp_path / f"{index}.png"
        Image.fromarray(drawn(seed=index)).save(path)
        sources.append(path if index % 3 else path.read_bytes())
    sources[70] = tmp_path / "missing.png"
    sources[0] = b""
    names = [str(index) for index in range(150)]
    answers = list(detector.check_many(sources, names=names, batch_size=16))
    assert [answer.file for answer in answers] == names
    failures = {int(a.file): a.code for a in answers if isinstance(a, Failure)}
    assert failures == {0: "empty", 70: "unreadable"}
    single = detector.check(tmp_path / "149.png")
    assert isinstance(answers[149], Report)
    assert answers[149].probability == pytest.approx(single.probability, abs=2e-4)


def test_check_many_is_lazy(detector: Detector, picture: Path) -> None:
    taken = 0

    def endless() -> object:
        nonlocal taken
        while True:
            taken += 1
            yield picture

    answers = detector.check_many(endless(), batch_size=8)
    for _ in range(20):
        next(answers)
    answers.close()
    assert taken <= 100


def said(report: Report) -> float:
    detail = report.evidence[0].detail
    return float(detail.get("probability", detail.get("uncalibrated_probability")))


def test_threads_share_one_detector(detector: Detector) -> None:
    pictures = [png(drawn(seed=seed)) for seed in range(8)]
    # Of pictures that it does not know too, though it gives them no calibrated probability.
    expected = [said(detector.check(data)) for data in pictures]
    wrong: list[object] = []

    def work() -> None:
        for _ in range(5):
            got = [said(a) for a in detector.check_many(pictures, batch_size=3) if isinstance(a, Report)]
            if not np.allclose(got, expected, atol=2e-4):
                wrong.append(got)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.parametrize("size", [(60, 50), (300, 200), (1100, 800), (3600, 2300)])
def test_a_picture_that_has_all_cores_is_seen_as_one_that_shares_them(size: tuple[int, int]) -> None:
    detector, data = Detector(threads=2), png(drawn(*size))
    shared, alone = detector.prepare(data), detector.prepare(data, alone=True)
    assert alone.evidence == shared.evidence
    assert alone.seen is not None
    assert shared.seen is not None
    assert alone.seen.measures == shared.seen.measures
    np.testing.assert_array_equal(alone.seen.views.pixels, shared.seen.views.pixels)


def test_without_pixels_nothing_is_claimed(picture: Path) -> None:
    report = Detector(None).check(picture)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.probability is None
    assert report.produced_by["model"] is None


def test_check_raises_with_a_code(detector: Detector) -> None:
    with pytest.raises(ImageError) as caught:
        detector.check(b"no picture")
    assert caught.value.code == "unsupported-format"


def copy_of_the_model(folder: Path) -> Path:
    for file in find_model("cifake").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def test_a_model_folder_elsewhere_works(tmp_path: Path, detector: Detector, picture: Path) -> None:
    assert Detector(copy_of_the_model(tmp_path)).check(picture) == detector.check(picture)


def test_broken_models_say_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="there is no model 'nonsense': shipped models are cifake"):
        Detector("nonsense")
    with pytest.raises(ModelError, match=r"has no card\.json"):
        Detector(tmp_path)
    folder = copy_of_the_model(tmp_path)
    weights, card = folder / "model.tflite", folder / "card.json"
    kept, text = weights.read_bytes(), card.read_text(encoding="utf-8")
    weights.write_bytes(kept[:1000])
    with pytest.raises(ModelError, match="not the file that its card describes"):
        Detector(folder)
    weights.unlink()
    with pytest.raises(ModelError, match=r"model\.tflite cannot be read"):
        Detector(folder)
    garbage = b"garbage" * 100
    weights.write_bytes(garbage)
    data = json.loads(text)
    data["sha256"] = __import__("hashlib").sha256(garbage).hexdigest()
    card.write_text(json.dumps(data))
    with pytest.raises(ModelError, match="not a LiteRT network"):
        Detector(folder)
    for broken in ("{", "[]", '{"schema": "imageauth/card/1"}', json.dumps(data | {"file": "../../etc/passwd"})):
        card.write_text(broken)
        with pytest.raises(ModelError):
            Detector(folder)


def test_every_shipped_model_has_its_page() -> None:
    assert shipped_models() == ["cifake", "photo"]
    for name in shipped_models():
        card = Card.load(find_model(name))
        assert card.thresholds.real < card.thresholds.decision < card.thresholds.ai
        assert card.sha256 in (find_model(name) / "README.md").read_text(encoding="utf-8")


def test_cifake_is_within_its_promise() -> None:
    folder = find_model("cifake")
    card = Card.load(folder)
    assert (folder / card.file).stat().st_size <= 8e6
    assert card.figures["parameters"] <= 3_000_000
    assert card.figures["accuracy"] >= 0.98
    assert card.figures["ece"] <= 0.02
    assert card.figures["accuracy_lost_by_quantising"] <= 0.001
    assert f"{card.figures['accuracy']:.2%}" in (folder / "README.md").read_text(encoding="utf-8")


def test_photo_is_within_its_promise() -> None:
    folder = find_model("photo")
    card = Card.load(folder)
    assert (folder / card.file).stat().st_size <= 48e6
    assert card.figures["auroc_macro"] >= 0.93
    assert card.figures["real_left_alone_macro"] >= 0.97
    assert card.figures["worst_real_kind_left_alone"] >= 0.9
    assert card.figures["error_decided"] <= 0.05
    assert card.figures["share_decided"] >= 0.55
    assert card.figures["ece_macro"] <= 0.06
    measured = json.loads((folder / "figures.json").read_text(encoding="utf-8"))["all"]
    assert measured["n"] == card.figures["pictures"]
    assert measured["auroc_macro"] == pytest.approx(card.figures["auroc_macro"], abs=1e-4)


def test_views_cover_a_long_image() -> None:
    pixels = np.zeros((32, 96, 3), np.uint8)
    pixels[:, 0:32, 0], pixels[:, 32:64, 1], pixels[:, 64:, 2] = 255, 255, 255
    views = square_views(pixels, 32, 3).pixels
    assert views.shape == (3, 32, 32, 3)
    assert [int(view.reshape(-1, 3).mean(0).argmax()) for view in views] == [0, 1, 2]
    assert square_views(pixels.transpose(1, 0, 2), 32, 3).pixels.shape == (3, 32, 32, 3)
    same = drawn()
    assert square_views(same, 32, 3).pixels[0] is not None
    np.testing.assert_array_equal(square_views(same, 32, 3).pixels[0], same)


def test_reduction_averages_areas() -> None:
    pixels = np.kron(drawn()[..., 0], np.ones((2, 2))).astype(np.uint8)[..., None].repeat(3, axis=2)
    np.testing.assert_array_equal(square_views(pixels, 32, 3).pixels[0][..., 0], drawn()[..., 0])


def test_scores_do_not_depend_on_the_batch() -> None:
    model = PixelModel.load("cifake")
    pictures = [drawn(seed=seed) for seed in range(130)]
    together = model.scores(pictures)
    alone = np.concatenate([model.scores([pixels]) for pixels in pictures])
    np.testing.assert_allclose(together, alone, atol=1e-3)
    assert model.scores([]).shape == (0,)
