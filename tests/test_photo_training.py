"""The parts of ``imageauth train photo``, on tiny networks with random weights."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imageauth.errors import DataError, MissingExtraError
from imageauth.images import read_image
from imageauth.pixels.canonical import Canonical
from imageauth.pixels.layout import Entry, Layout
from imageauth.pixels.network import Network
from tests.conftest import drawn

pytest.importorskip("tensorflow", reason="needs the [train] extra") if not os.environ.get("CI") else None
pytestmark = pytest.mark.train

import keras  # noqa: E402

from imageauth.training import clip, features, photo_heads  # noqa: E402
from imageauth.training.gptq import LEVELS, PARTS, quantise_matrix, quantise_tower  # noqa: E402
from imageauth.training.litert import to_litert, to_mixed  # noqa: E402
from imageauth.training.photo_heads import BITS, Head, Heads, attach, fit_head, map_features, source_weights  # noqa: E402
from imageauth.training.photo_views import ServingLook, TrainingLook, degrade_at_random, random_of  # noqa: E402
from imageauth.training.vit import FEATURES, ViT, build  # noqa: E402

TINY = ViT(side=32, patch=8, width=32, depth=3, heads=2, mlp=64, taps=(1, 3), map=1, renewed=2)


def tower(seed: int = 0) -> clip.Tower:
    """Random weights of the size that trained ones have, under CLIP's names."""
    rng = np.random.default_rng(seed)
    made = {}
    for name, shape in clip.shapes(TINY).items():
        scale = 1.5 * shape[-1] ** -0.5 if len(shape) == 2 else 0.05 if len(shape) == 4 else 0.3
        norm = ("layer_norm" in name or "layrnorm" in name) and name.endswith("weight")
        made[name] = (rng.normal(0, scale, shape) + norm).astype(np.float32)
    return made


def views(count: int, side: int = 32) -> np.ndarray:
    return np.stack([drawn(side, side, seed) for seed in range(count)])


@pytest.fixture(scope="module")
def filled() -> keras.Model:
    model = build(TINY, tokens=True)
    clip.fill(model, TINY, tower())
    return model


def run(model: keras.Model, pictures: np.ndarray) -> list[np.ndarray]:
    said = model(pictures.astype(np.float32), training=False)
    return [keras.ops.convert_to_numpy(each) for each in (said if isinstance(said, list) else [said])]


def by_the_book(weights: clip.Tower, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """CLIP's image tower of one uint8 picture as its authors write it, in plain NumPy, float64."""

    def linear(x: np.ndarray, name: str) -> np.ndarray:
        return x @ weights[f"{name}.weight"].astype(float).T + weights[f"{name}.bias"]

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)
        return x * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    x = (picture / 255 - [0.48145466, 0.4578275, 0.40821073]) / [0.26862954, 0.26130258, 0.27577711]
    kernel = weights["vision_model.embeddings.patch_embedding.weight"]
    size = TINY.patch
    patches = [
        (kernel * x[row : row + size, column : column + size].transpose(2, 0, 1)).sum((1, 2, 3))
        for row in range(0, TINY.side, size)
        for column in range(0, TINY.side, size)
    ]
    x = np.stack([weights["vision_model.embeddings.class_embedding"], *patches])
    x = norm(x + weights["vision_model.embeddings.position_embedding.weight"], "vision_model.pre_layrnorm")
    taken, patches_seen = [], x[1:]
    for block in range(TINY.depth):
        before = x
        at = f"vision_model.encoder.layers.{block}."
        h = norm(x, f"{at}layer_norm1")
        q, k, v = (
            np.stack(np.split(linear(h, f"{at}self_attn.{part}_proj"), TINY.heads, axis=1)) for part in ("q", "k", "v")
        )
        logits = q @ k.transpose(0, 2, 1) * (TINY.width // TINY.heads) ** -0.5
        shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
        x = x + linear(np.concatenate(list(shares @ v), axis=1), f"{at}self_attn.out_proj")
        h = linear(norm(x, f"{at}layer_norm2"), f"{at}mlp.fc1")
        x = x + linear(h / (1 + np.exp(-1.702 * h)), f"{at}mlp.fc2")
        if block >= TINY.renewed:
            x[1:] = before[1:]
        if block + 1 in TINY.taps:
            taken.append(x[0])
        if block + 1 == TINY.map:
            patches_seen = x[1:]
    return np.concatenate([*taken, patches_seen.mean(axis=0)]), patches_seen


def test_the_tower_computes_what_its_authors_wrote(filled: keras.Model) -> None:
    pictures = views(3)
    said, tokens = run(filled, pictures)
    assert said.shape == (3, TINY.features)
    for picture, of_view, of_patches in zip(pictures, said, tokens, strict=True):
        expected = by_the_book(tower(), picture)
        np.testing.assert_allclose(of_view, expected[0], atol=2e-4)
        np.testing.assert_allclose(of_patches, expected[1], atol=2e-4)


@pytest.mark.parametrize(
    "wrong",
    [
        *({"taps": taps} for taps in ((1, 2), (), (3, 1, 3))),
        *({"heads": 5}, {"side": 33}, {"map": 2}, {"map": 3}, {"renewed": 0}, {"renewed": 4}),
    ],
)
def test_a_form_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"taps|patches"):
        replace(TINY, **wrong)


def write_safetensors(path: Path, tensors: clip.Tower, kind: str = "F32") -> None:
    """As the format's page describes it; other tensors stand around ours, as in the real file."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    body = b""
    for name, values in {"text_model.other": np.ones(3, np.float32), **tensors}.items():
        raw = {
            "F32": values.astype("<f4"),
            "F16": values.astype("<f2"),
            "BF16": (values.view(np.uint32) >> 16).astype("<u2"),
        }[kind].tobytes()
        header[name] = {"dtype": kind, "shape": list(values.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + body)


@pytest.mark.parametrize(("kind", "error"), [("F32", 0.0), ("F16", 1e-3), ("BF16", 8e-3)])
def test_weights_are_read_from_safetensors(kind: str, error: float, tmp_path: Path) -> None:
    write_safetensors(tmp_path / "model.safetensors", tower(), kind)
    read = clip.read_tower(tmp_path / "model.safetensors", TINY)
    assert set(read) == set(clip.shapes(TINY))
    for name, values in tower().items():
        assert read[name].dtype == np.float32
        np.testing.assert_allclose(read[name], values, rtol=error, atol=1e-6 if error else 0)


def test_a_smaller_form_reads_the_first_blocks(tmp_path: Path) -> None:
    write_safetensors(tmp_path / "model.safetensors", tower())
    assert len(clip.read_tower(tmp_path / "model.safetensors", replace(TINY, depth=1, taps=(1,), renewed=1))) == 5 + 16


def damaged(path: Path, how: str) -> None:
    whole = path.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    header = json.loads(whole[8 : 8 + length])
    name = next(iter(clip.shapes(TINY)))

    def again(text: str) -> bytes:
        return len(text).to_bytes(8, "little") + text.encode() + whole[8 + length :]

    if how == "offsets":
        header[name]["data_offsets"] = [-8, 2**62]
    elif how == "dtype":
        header[name]["dtype"] = "I64"
    elif how == "entry":
        header[name] = [1]
    elif how == "shape":
        header[name]["shape"] = [2**62, "x"] * 50
    elif how == "infinite":
        at = 8 + length + header[name]["data_offsets"][0]
        whole = whole[:at] + np.array([np.inf], "<f4").tobytes() + whole[at + 4 :]
    made = {
        "cut": whole[:-5],
        "empty": b"",
        "length": (2**63).to_bytes(8, "little") + whole[8:],
        "no json": again("{" * 40),
        "deep": again("[" * 100_000),
        "list": again("[]"),
        "infinite": whole,
    }
    path.write_bytes(made.get(how, again(json.dumps(header))))


@pytest.mark.parametrize(
    "how",
    ["cut", "empty", "length", "no json", "deep", "list", "offsets", "dtype", "entry", "shape", "infinite"],
)
def test_a_damaged_safetensors_file_is_refused_in_one_line(how: str, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    write_safetensors(path, tower())
    damaged(path, how)
    with pytest.raises(DataError) as caught:
        clip.read_tower(path, TINY)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_weights_of_another_form_are_refused(tmp_path: Path, filled: keras.Model) -> None:
    path = tmp_path / "model.safetensors"
    write_safetensors(path, tower())
    with pytest.raises(DataError, match="class_embedding is 32, not 64"):
        clip.read_tower(path, replace(TINY, width=64))
    with pytest.raises(DataError, match=r"no tensor .*layers\.3"):
        clip.read_tower(path, replace(TINY, depth=4, taps=(1, 4)))
    with pytest.raises(DataError, match="cannot be read"):
        clip.read_tower(tmp_path / "missing.safetensors", TINY)
    with pytest.raises(DataError, match="come as"):
        clip.read_tower(tmp_path / "model.bin", TINY)
    with pytest.raises(DataError, match="do not fit"):
        clip.fill(filled, TINY, {name: values[:1] for name, values in tower().items()})


def test_weights_are_read_from_a_dynamic_int8_onnx_file(tmp_path: Path) -> None:
    """Matrices have lost their names, as in an export of PyTorch's that ONNX Runtime quantised."""
    onnx = pytest.importorskip("onnx")
    from onnx import TensorProto, helper, numpy_helper

    nodes, stored, expected = [], [], {}
    for number, (name, values) in enumerate(tower().items()):
        if values.ndim != 2 or "position" in name:
            stored.append(numpy_helper.from_array(values, name))
            expected[name] = values
            continue
        matrix, per = f"onnx::MatMul_{number}", np.abs(values).max(axis=1) / 100
        whole = np.rint(values.T / per).astype(np.int8) + np.int8(3)
        expected[name] = ((whole.astype(np.float32) - 3) * per).T.astype(np.float32)
        for part, content in (
            ("_quantized", whole),
            ("_zero_point", np.full(len(per), 3, np.int8)),
            ("_scale", per.astype(np.float32)),
        ):
            stored.append(numpy_helper.from_array(content, matrix + part))
        at = f"x{number}"
        nodes += [
            helper.make_node("MatMulInteger", ["q", f"{matrix}_quantized", "z", f"{matrix}_zero_point"], [f"{at}a"]),
            helper.make_node("Cast", [f"{at}a"], [f"{at}b"], to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{at}b", "s"], [f"{at}c"]),
            helper.make_node("Add", [name.replace("weight", "bias"), f"{at}c"], [f"{at}d"]),
        ]
    path = tmp_path / "clip.onnx"
    onnx.save(helper.make_model(helper.make_graph(nodes, "clip", [], [], stored)), str(path))
    read = clip.read_tower(path, TINY)
    assert set(read) == set(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(read[name], values, atol=1e-6)
    with pytest.raises(DataError, match="class_embedding is"):
        clip.read_tower(path, replace(TINY, width=64))
    with pytest.raises(DataError, match="no tensor"):
        clip.read_tower(path, replace(TINY, depth=4, taps=(1, 4)))
    path.write_bytes(b"\xff" * 64)
    with pytest.raises(DataError, match="not an ONNX file"):
        clip.read_tower(path, TINY)


def test_downloading_is_one_line_when_it_cannot_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys
    from types import SimpleNamespace

    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(MissingExtraError, match=r"imageauth\[train\]"):
        clip.download_tower()

    def fail(*names: str) -> str:
        raise OSError(f"no network\nfor {names[0]}")

    monkeypatch.setitem(sys.modules, "huggingface_hub", SimpleNamespace(hf_hub_download=fail))
    with pytest.raises(DataError) as caught:
        clip.download_tower()
    assert "no network" in str(caught.value)
    assert "\n" not in str(caught.value)


def correlated(count: int, width: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, width // 4)) @ rng.normal(size=(width // 4, width)) + 0.1 * rng.normal(
        size=(count, width)
    )


def test_gptq_loses_less_than_rounding_and_ends_on_the_last_step() -> None:
    rng = np.random.default_rng(1)
    seen, weights = correlated(2000, 160), rng.normal(size=(160, 24)).astype(np.float32)
    hessian = seen.T @ seen / len(seen)
    found = quantise_matrix(weights, hessian)
    steps = np.abs(weights).max(axis=0) / LEVELS
    nearest = np.rint(weights / steps) * steps

    def lost(rounded: np.ndarray) -> float:
        return float(np.square(seen @ (weights - rounded)).mean())

    assert lost(found) < 0.5 * lost(nearest)
    whole = found / (np.abs(found).max(axis=0) / LEVELS)
    np.testing.assert_allclose(whole, np.rint(whole), atol=1e-4)
    np.testing.assert_array_equal(np.abs(np.rint(whole)).max(axis=0), LEVELS)


def test_gptq_bears_inputs_that_never_vary_and_channels_of_zeros() -> None:
    weights = np.random.default_rng(1).normal(size=(16, 4)).astype(np.float32)
    weights[:, 2] = 0
    hessian = np.diag([1.0] * 8 + [0.0] * 8)
    found = quantise_matrix(weights, hessian)
    assert np.isfinite(found).all()
    assert not found[:, 2].any()
    assert np.isfinite(quantise_matrix(weights, np.zeros((16, 16)))).all()


def four_bit_weights(data: bytes, folder: Path) -> dict[str, np.ndarray]:
    """The 4-bit matrices of a LiteRT file as numbers, [in, out], by the layer's name."""
    from ai_edge_quantizer.utils import tfl_flatbuffer_utils

    (folder / "mixed.tflite").write_bytes(data)
    file = tfl_flatbuffer_utils.read_model(str(folder / "mixed.tflite"))
    found = {}
    for tensor in file.subgraphs[0].tensors:
        if tensor.type == 17:  # TensorType.INT4: two a byte, the lower half first
            raw = np.frombuffer(bytes(file.buffers[tensor.buffer].data), np.uint8)
            whole = np.stack([raw & 15, raw >> 4], axis=1).ravel().astype(np.int64)
            whole = np.where(whole > 7, whole - 16, whole).reshape(tensor.shape)
            layer = next(part for part in tensor.name.decode().split("/") if part.startswith("block"))
            found["_".join(layer.split("_")[:2])] = (whole * np.asarray(tensor.quantization.scale)[:, None]).T
    return found


def test_the_exporter_finds_the_same_steps_again(tmp_path: Path) -> None:
    model = build(TINY)
    clip.fill(model, TINY, tower())
    pictures = views(24)
    (before,) = run(model, pictures)
    told: list[tuple[int, int]] = []
    errors = quantise_tower(model, TINY, pictures, progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert len(errors) == TINY.depth
    assert errors[0] > 0
    (after,) = run(model, pictures)
    data = to_mixed(to_litert(model), BITS)
    stored = four_bit_weights(data, tmp_path)
    assert set(stored) == {f"block{block}_{part}" for block in range(TINY.depth) for part in PARTS}
    for name, weights in stored.items():
        np.testing.assert_allclose(weights, model.get_layer(name).get_weights()[0], rtol=1e-5, atol=1e-7)
    by_litert = np.concatenate([Network(data)(picture[None].astype(np.float32)) for picture in pictures])

    def apart(one: np.ndarray, other: np.ndarray) -> float:
        return float(np.square(one - other).sum() / np.square(other - other.mean(axis=0)).sum())

    assert apart(after, before) < 0.2  # 4 bits cost something
    assert apart(by_litert, after) < 0.02  # what is left are 8-bit activations

    plain = build(TINY)
    clip.fill(plain, TINY, tower())
    nearest = to_mixed(to_litert(plain), BITS)
    by_nearest = np.concatenate([Network(nearest)(picture[None].astype(np.float32)) for picture in pictures])
    assert apart(by_litert, before) < apart(by_nearest, before)


SHA = "0123456789abcdef" * 4


def test_training_views_depend_on_the_picture_alone() -> None:
    look = TrainingLook(side=32)
    picture = drawn(200, 150)
    first, again = (look(picture, lossless=True, sha256=SHA) for _ in range(2))
    np.testing.assert_array_equal(first.pixels, again.pixels)
    assert first.pixels.shape == (12, 32, 32, 3)
    assert first.present.all()
    assert first.shorts.shape == (3,)
    assert first.shorts[0] == 150
    other = look(picture, lossless=True, sha256="f" * 64)
    assert not np.array_equal(first.pixels[4:], other.pixels[4:])
    # its own views: as serving cuts them, but for what the format's laundering did
    unsaved = look(picture, lossless=False, sha256=SHA)
    assert 0 < np.abs(first.pixels[0].astype(int) - unsaved.pixels[0]).mean() < 8
    layout = Layout(32, (Entry("whole", 1, 1.0), Entry("tiles", 4, 1.0), Entry("crops", 2, 1.0)))
    served = layout.look(picture).pixels
    np.testing.assert_array_equal(unsaved.pixels[:4], served[[0, 1, 2, 5]])


def test_a_small_picture_leaves_slots_empty() -> None:
    seen = TrainingLook(side=32, copies=1)(drawn(40, 40), lossless=False, sha256=SHA)
    assert seen.present[0]
    assert not seen.present[[1, 2]].any()  # 2 × 2 tiles need 64 pixels
    assert not seen.pixels[[1, 2]].any()
    assert seen.present.shape == (8,)


def test_degradations_keep_within_their_ranges() -> None:
    picture = drawn(300, 200)
    sizes, same = set(), 0
    for copy in range(60):
        made = degrade_at_random(picture, random_of(SHA, copy))
        assert made.dtype == np.uint8
        assert made.flags["C_CONTIGUOUS"]
        height, width = made.shape[:2]
        assert 0.69 * 96 <= height <= 200  # reduced to 96 at least, then perhaps cropped
        sizes.add((height, width))
        same += np.array_equal(made, picture)
    assert len(sizes) > 10
    assert same < 6  # so smooth a picture survives the mildest of them
    assert degrade_at_random(drawn(16, 16), random_of(SHA, 1)).size  # never to nothing


def test_serving_views_are_the_layouts_in_fixed_slots() -> None:
    layout = Layout(
        32,
        (Entry("whole", 1, 1.0), Entry("tiles", 4, 1.0), Entry("crops", 2, 1.0)),
        ("flipped",),
        canonical=Canonical(128, 92),
    )
    small, large = drawn(36, 36), drawn(200, 150)
    seen = ServingLook(layout)(large, lossless=True, sha256=SHA)
    np.testing.assert_array_equal(seen.pixels, layout.look(large, lossless=True).pixels)
    seen = ServingLook(layout)(small, lossless=False, sha256=SHA)
    assert seen.present.tolist() == [True] + [False] * 4 + [True, False] + [True]
    np.testing.assert_array_equal(seen.pixels[7], seen.pixels[0][:, ::-1])
    assert not np.array_equal(
        ServingLook(layout, "jpeg-30")(large, lossless=True, sha256=SHA).pixels[0], seen.pixels[0]
    )
    assert ServingLook(layout).to_json() == ServingLook(replace(layout, bias=3.0)).to_json()
    assert ServingLook(layout).to_json() != ServingLook(layout, "jpeg-30").to_json()


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    model = build(TINY)
    clip.fill(model, TINY, tower())
    path = tmp_path_factory.mktemp("encoder") / "encoder.tflite"
    path.write_bytes(to_litert(model))
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> list[features.Picture]:
    made = []
    for index in range(5):
        path = tmp_path / f"{index}.{'png' if index % 2 else 'jpg'}"
        Image.fromarray(drawn(90, 80, index)).save(path)
        made.append(features.Picture(path, read_image(path).sha256))
    return made


def test_features_are_extracted_once_and_go_on(
    encoder: Path, pictures: list[features.Picture], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(features, "CHUNK", 2)
    look, out = TrainingLook(side=32, copies=1), tmp_path / "features"
    told: list[tuple[int, int]] = []
    (tmp_path / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    broken = features.Picture(tmp_path / "broken.jpg", "a" * 64)
    changed = features.Picture(pictures[0].path, "b" * 64)
    wrong = features.extract(
        [broken, *pictures[:3], changed], encoder, look, out, progress=lambda done, total: told.append((done, total))
    )
    assert set(wrong) == {"a" * 64, "b" * 64}
    assert "changed" in wrong["b" * 64]
    assert all("\n" not in reason for reason in wrong.values())
    assert told[0] == (0, 5)
    assert told[-1] == (5, 5)
    chunks = {path: path.stat().st_mtime_ns for path in out.glob("*.npz")}

    # two more, and the order of the table changed: only they are new
    assert features.extract([*pictures[::-1]], encoder, look, out) == {}
    assert all(path.stat().st_mtime_ns == then for path, then in chunks.items())
    assert len(list(out.glob("*.npz"))) == len(chunks) + 1

    found = features.load([broken, *pictures], out)
    np.testing.assert_array_equal(found.rows, [1, 2, 3, 4, 5])
    network = Network(encoder.read_bytes())
    for picture, values, present, shorts in zip(pictures, found.values, found.present, found.shorts, strict=True):
        image = read_image(picture.path)
        slots = look(image.pixels, lossless=image.lossless, sha256=picture.sha256)
        np.testing.assert_array_equal(slots.present, present)
        np.testing.assert_array_equal(slots.shorts, shorts)
        expected = network(slots.pixels.astype(np.float32)) * present[:, None]
        np.testing.assert_allclose(values, expected, atol=5e-3, rtol=2e-3)

    # a pack's view of the same picture is another thing
    with pytest.raises(DataError, match="no features of these"):
        features.load([pictures[0]._replace(native=False)], out)
    chunk = next(iter(chunks))
    chunk.write_bytes(chunk.read_bytes()[:100])
    with pytest.raises(DataError, match="damaged"):
        features.load(pictures, out)
    with pytest.raises(DataError, match="damaged"):
        features.extract(pictures, encoder, look, out)


def test_features_of_another_encoder_or_look_are_refused(
    encoder: Path, pictures: list[features.Picture], tmp_path: Path
) -> None:
    out, look = tmp_path / "features", TrainingLook(side=32)
    out.mkdir()
    (out / features.KEY_FILE).write_text(json.dumps({"encoder_sha256": "c" * 64, **look.to_json()}))
    with pytest.raises(DataError, match="another encoder"):
        features.extract(pictures, encoder, look, out)
    shutil.rmtree(out)
    assert features.extract([], encoder, look, out) == {}
    with pytest.raises(DataError, match="other views"):
        features.extract(pictures, encoder, TrainingLook(side=32, copies=3), out)
    with pytest.raises(DataError, match="side 32, not 224"):
        features.extract(pictures, encoder, TrainingLook(), tmp_path / "elsewhere")
    assert not (tmp_path / "elsewhere").exists()
    (out / features.KEY_FILE).write_text("{")
    with pytest.raises(DataError, match="is damaged"):
        features.extract(pictures, encoder, look, out)
    with pytest.raises(DataError, match="cannot be read"):
        features.extract(pictures, tmp_path / "none.tflite", look, out)


def test_sources_and_classes_weigh_as_documented() -> None:
    sources = ["a"] * 16 + ["b"] * 4 + ["c"] * 5
    labels = np.array([0] * 20 + [1] * 5)
    weights = source_weights(sources, labels)
    assert weights.sum() == pytest.approx(25, rel=1e-5)
    assert weights[labels == 1].sum() == pytest.approx(12.5, rel=1e-5)
    assert weights[:16].sum() / weights[16:20].sum() == pytest.approx(2, rel=1e-5)  # √(16 / 4)


@pytest.mark.parametrize("classes", [2, 3])
def test_heads_are_the_regularised_optimum(classes: int) -> None:
    """Against scikit-learn, which minimises the same on features that are standardised already."""
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(2)
    seen = rng.normal(size=(400, 6)) * [1, 5, 0.2, 1, 1, 30] + 4
    labels = (seen @ rng.normal(size=6) / 30 + rng.normal(0, 0.5, 400)).argsort().argsort() * classes // 400
    weights = rng.uniform(0.5, 2, 400).astype(np.float32)
    head = fit_head(seen, labels, weights, l2=1e-2)
    assert head.bias.shape == (1 if classes == 2 else 3,)
    deviation = seen.std(axis=0) + 1e-3
    standard = (seen - seen.mean(axis=0)) / deviation
    model = LogisticRegression(C=1 / (1e-2 * weights.sum()), tol=1e-10, max_iter=5000)
    model.fit(standard, labels, sample_weight=weights)
    expected = model.decision_function(standard).reshape(400, -1)
    found = head(seen)
    if classes == 3:  # logits are known up to a constant
        found, expected = (logits - logits.mean(axis=1, keepdims=True) for logits in (found, expected))
    np.testing.assert_allclose(found, expected, atol=2e-2)


def test_the_exported_network_says_heads_times_features(filled: keras.Model) -> None:
    rng = np.random.default_rng(4)

    def head(size: int, count: int) -> Head:
        return Head(rng.normal(0, 0.1, (size, count)).astype(np.float32), rng.normal(size=count).astype(np.float32))

    size = TINY.features
    heads = Heads(head(size, 1), head(size, 1), head(size, 1), head(size, 3), head(TINY.width, 1))
    whole = attach(filled, heads)
    assert whole.output_shape == (None, 3 + 3 + TINY.grid**2)
    pictures = views(6).astype(np.float32)
    for bits in (None, BITS):
        plain, full = to_litert(keras.Model(filled.input, filled.get_layer(FEATURES).output)), to_litert(whole)
        if bits:
            plain, full = to_mixed(plain, bits), to_mixed(full, bits)
        seen, said = Network(plain)(pictures), Network(full)(pictures)
        together = (heads.whole, heads.tiles, heads.crops, heads.kinds)
        np.testing.assert_allclose(said[:, :6], np.concatenate([h(seen) for h in together], axis=1), atol=1e-3)
        np.testing.assert_allclose(
            said[:, 6:].mean(axis=1), heads.map(map_features(TINY, seen))[:, 0], atol=1e-3
        )  # what the map says of each patch means what it says of all
    _, tokens = run(filled, pictures)
    by_keras = Network(to_litert(whole))(pictures)[:, 6:]
    np.testing.assert_allclose(by_keras, heads.map(tokens.reshape(-1, TINY.width)).reshape(6, -1), atol=1e-3)


def test_bits_are_those_of_the_parts_that_bear_four() -> None:
    assert photo_heads.BITS[".*"] == 8
    assert any(all(part in expression for part in PARTS) for expression, bits in BITS.items() if bits == 4)
