"""Tensors of the Open Inference Protocol on the wire: the bytes of the specification, and bad ones."""

import json

import numpy as np
import pytest

from imageauth.pixels.answers import Answers
from imageauth.server.inference_models import outputs_of
from imageauth.server.inference_tensors import (
    MOST_BRACKETS,
    MOST_JSON,
    InferenceError,
    InferenceRequest,
    TensorSpec,
    read_request,
    write_response,
)

TAKES = TensorSpec("input0", ("FP32", "UINT8"), (2,), "pixels")
GIVES = [TensorSpec("output0", ("FP32",), (2,), "answers"), TensorSpec("output1", ("FP32",), (1,), "more")]
PIXELS = {"name": "input0", "shape": [2, 2], "datatype": "UINT8", "data": [1, 2, 3, 4]}


def read(request: object, rest: bytes = b"", header: str | None = None) -> InferenceRequest:
    text = request if isinstance(request, bytes) else json.dumps(request).encode()
    if rest and header is None:
        header = str(len(text))
    return read_request(text + rest, header, TAKES, GIVES, most=3)


def changed(**fields: object) -> dict[str, object]:
    """The usual request with other fields of its input; None leaves one out."""
    return {"inputs": [{key: value for key, value in {**PIXELS, **fields}.items() if value is not None}]}


@pytest.mark.parametrize("data", [[1, 2, 3, 4], [[1, 2], [3, 4]], [1.0, 2, 3, 4]], ids=["flat", "nested", "floats"])
@pytest.mark.parametrize("datatype", ["UINT8", "FP32"])
def test_the_specifications_request_in_json(data: list, datatype: str) -> None:
    request = read({"id": "42", **changed(data=data, datatype=datatype), "outputs": [{"name": "output0"}]})
    assert request.id == "42"
    assert request.batch.tolist() == [[1, 2], [3, 4]]
    assert request.batch.dtype == {"UINT8": np.uint8, "FP32": np.float32}[datatype]
    assert request.binary == {"output0": False}


def test_the_extensions_request_with_bytes() -> None:
    """The example of Triton's page, with the one input that is read here."""
    values = np.array([[1, 2.5], [0, 255]], "<f4")
    request = {
        "model_name": "mymodel",
        "inputs": [
            {"name": "input0", "shape": [2, 2], "datatype": "FP32", "parameters": {"binary_data_size": 16}},
        ],
        "outputs": [{"name": "output0", "parameters": {"binary_data": True}}],
    }
    asked = read(request, values.tobytes())
    assert (asked.batch == values).all()
    assert asked.binary == {"output0": True}


def test_the_specifications_response_in_json_and_in_bytes() -> None:
    answer = np.array([[1.0, 1.1], [2.0, 2.1], [3.0, 3.1]], np.float32)
    text, length = write_response({"id": "42"}, [("output0", answer, False)])
    said = json.loads(text)
    assert length is None
    assert {key: said["outputs"][0][key] for key in ("name", "shape", "datatype")} == {
        "name": "output0", "shape": [3, 2], "datatype": "FP32",
    }  # fmt: skip
    assert (np.array(said["outputs"][0]["data"], np.float32).reshape(3, 2) == answer).all()
    body, length = write_response({"id": "42"}, [("output0", answer, True), ("output1", answer[:1], False)])
    said = json.loads(body[:length])
    assert said["outputs"][0]["parameters"] == {"binary_data_size": 24}
    assert "data" not in said["outputs"][0]
    assert body[length:] == answer.tobytes()


def test_outputs_are_all_unless_named_and_bytes_where_wished() -> None:
    assert read(changed()).binary == {"output0": False, "output1": False}
    assert read({**changed(), "outputs": []}).binary == {"output0": False, "output1": False}
    as_bytes = {**changed(), "parameters": {"binary_data_output": True}}
    assert read(as_bytes).binary == {"output0": True, "output1": True}
    but_one = [{"name": "output1", "parameters": {"binary_data": False}}, {"name": "output0"}]
    assert list(read({**as_bytes, "outputs": but_one}).binary.items()) == [("output1", False), ("output0", True)]


BAD = {
    "nothing": (b"", "Inference-Header"),
    "no JSON": (b"{", "not JSON"),
    "not UTF-8": (b'{"id":"\xff"}', "not JSON"),
    "NaN": (b'{"inputs":[{"name":"input0","shape":[1,2],"datatype":"FP32","data":[NaN,1]}]}', "not JSON"),
    "too deep": (b"[" * 100_000, "not JSON"),
    "a list": ([], "the request is not a JSON object"),
    "no input": ({}, "exactly one tensor, 'input0'"),
    "an input of no object": ({"inputs": [1]}, "exactly one tensor"),
    "another input": (changed(name="images"), "exactly one tensor, 'input0'"),
    "two inputs": ({"inputs": [PIXELS, PIXELS]}, "exactly one tensor"),
    "another type": (changed(datatype="INT64"), "must be FP32 or UINT8"),
    "a type of no text": (changed(datatype=["FP32"]), "must be FP32 or UINT8"),
    "no shape": (changed(shape=None), "the shape of 'input0' must be"),
    "a shape of truth": (changed(shape=[True, 2]), "the shape of 'input0' must be"),
    "another shape": (changed(shape=[4, 1]), "not [4, 1]"),
    "no picture": (changed(shape=[0, 2], data=[]), "N from 1 to 3"),
    "fewer than none": (changed(shape=[-2, 2]), "N from 1 to 3"),
    "no data": (changed(data=None), "needs either data or"),
    "data twice": (changed(parameters={"binary_data_size": 4}), "needs either data or"),
    "bytes without a header": (changed(data=None, parameters={"binary_data_size": 4}), "needs the header"),
    "a null": (changed(data=[1, 2, None, 4]), "must be numbers"),
    "numbers as texts": (changed(data=["1", "2", "3", "4"]), "must be numbers"),
    "nested numbers as texts": (changed(data=[["1", "2"], ["3", "4"]]), "must be numbers"),
    "truth values": (changed(data=[True, False, True, False]), "must be numbers"),
    "a truth value among numbers": (changed(data=[[1, True], [3, 4]]), "must be numbers"),
    "words": (changed(data=["one", 2, 3, 4]), "must be numbers"),
    "objects": (changed(data=[{}, 2, 3, 4]), "must be numbers"),
    "uneven": (changed(data=[[1], [2, 3, 4]]), "must be numbers, flat or nested evenly"),
    "too few": (changed(data=[1, 2, 3]), "neither [2, 2] nor flat"),
    "another nesting": (changed(data=[[1, 2, 3, 4]]), "neither [2, 2] nor flat"),
    "huge": (changed(datatype="FP32", data=[1e308, 2, 3, 10**400]), "must be numbers"),
    "out of range": (changed(data=[1, 2, 3, 256]), "0..255"),
    "below zero": (changed(datatype="FP32", data=[1, 2, 3, -0.5]), "0..255"),
    "broken numbers": (changed(data=[1, 2, 3, 4.5]), "whole numbers"),
    "another output": ({**changed(), "outputs": [{"name": "output7"}]}, "output0, output1 once"),
    "an output twice": ({**changed(), "outputs": [{"name": "output0"}, {"name": "output0"}]}, "once"),
    "outputs of no list": ({**changed(), "outputs": {"name": "output0"}}, "not a list"),
    "classes": ({**changed(), "outputs": [{"name": "output0", "parameters": {"classification": 1}}]}, "not known here"),
    "a flag of no flag": ({**changed(), "parameters": {"binary_data_output": 1}}, "neither true nor false"),
    "parameters of no object": ({**changed(), "parameters": []}, "parameters is not a JSON object"),
    "an id of no text": ({**changed(), "id": 7}, "id is not a string"),
}


@pytest.mark.parametrize(("request_", "says"), BAD.values(), ids=BAD)
def test_a_bad_request_gets_one_line(request_: object, says: str) -> None:
    with pytest.raises(InferenceError) as caught:
        read(request_, header="0" if request_ == b"" else None)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500
    assert caught.value.status == 400


@pytest.mark.parametrize("header", ["0", "-1", "+5", "x", "9" * 30, "100000", "٣"])
def test_a_wrong_length_of_the_json(header: str) -> None:
    with pytest.raises(InferenceError, match="Inference-Header-Content-Length"):
        read(changed(), header=header)


@pytest.mark.parametrize(("size", "came"), [(16, 15), (16, 17), (12, 16), (True, 16), ("16", 16)])
def test_bytes_that_do_not_fit(size: object, came: int) -> None:
    request = changed(data=None, datatype="FP32", parameters={"binary_data_size": size})
    with pytest.raises(InferenceError, match="takes 16 bytes"):
        read(request, bytes(came))


def test_bytes_that_are_no_pixels() -> None:
    request = changed(data=None, datatype="FP32", parameters={"binary_data_size": 16})
    for value in (np.nan, np.inf, -1, 256):
        with pytest.raises(InferenceError, match=r"0\.\.255"):
            read(request, np.array([0, 1, 2, value], "<f4").tobytes())


def test_bytes_that_belong_to_nothing() -> None:
    with pytest.raises(InferenceError, match="belong to no tensor"):
        read(changed(), b"12")


def test_too_much_is_told_apart() -> None:
    for ask in (
        lambda: read(changed(shape=[4, 2], data=[0] * 8)),
        lambda: read(b" " * (MOST_JSON + 1)),
    ):
        with pytest.raises(InferenceError) as caught:
            ask()
        assert caught.value.status == 413


def test_numbers_that_json_cannot_say_are_no_silent_nulls() -> None:
    with pytest.raises(InferenceError) as caught:
        write_response({}, [("output0", np.array([[np.nan]], np.float32), False)])
    assert caught.value.status == 500


def test_every_answer_of_a_network_is_a_tensor_with_its_columns() -> None:
    answers = Answers(logit=0, own=(("tiles", 1), ("crops", 2)), kinds=(3, ("photo", "drawn", "screen")), map=(6, 2))
    said = np.arange(20, dtype=np.float64).reshape(2, 10)
    found = {output.spec.name: output.of(said) for output in outputs_of(answers)}
    assert {name: array.shape for name, array in found.items()} == {
        "logit": (2, 1), "logit_tiles": (2, 1), "logit_crops": (2, 1), "kinds": (2, 3), "map": (2, 2, 2),
    }  # fmt: skip
    assert found["map"][1].tolist() == [[16, 17], [18, 19]]
    assert np.concatenate([each.reshape(2, -1) for each in found.values()], axis=1).tolist() == said.tolist()
    assert [output.spec.name for output in outputs_of(Answers(unfamiliarity=1))] == ["logit", "unfamiliarity"]


def test_lists_without_end_are_refused_before_they_are_read() -> None:
    many = b'{"inputs":[' + b"[]," * MOST_BRACKETS + b"0]}"
    with pytest.raises(InferenceError, match="lists") as caught:
        read(many)
    assert caught.value.status == 413
