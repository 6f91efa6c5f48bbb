"""Answers as examples for the API's description; a test compares their shape with real ones."""

from typing import Any

REPORT: dict[str, Any] = {
    "schema": "imageauth/report/1",
    "file": "lighthouse.png",
    "sha256": "b5bb9d8014a0f9b1d61e21e796d78dccdf1352f23cd32812f4850b878ae4944c",
    "format": "png",
    "width": 1024,
    "height": 1024,
    "verdict": "likely-ai",
    "reason": "statistics-ai",
    "probability": 0.9731,
    "summary": "The pixels look AI-made: about 97 of 100 validation images with this score are AI-made.",
    "evidence": [
        {
            "source": "pixels",
            "code": "pixels-ai",
            "finding": "The pixels look AI-made: about 97 of 100 validation images with this score are AI-made.",
            "points_to": "ai",
            "strength": "statistical",
            "detail": {
                "model": "photo",
                "model_version": "1",
                "in_domain": True,
                "probability": 0.9731,
                "thresholds": [0.1836, 0.9317],
            },
        }
    ],
    "limits": [
        "A missing mark or credential is no sign of a real photograph.",
        "This is a measurement with known error rates, not proof; weigh it with where the image comes from.",
    ],
    "produced_by": {
        "imageauth": "0.1.0",
        "model": "photo 4",
        "model_sha256": "7d865e959b2466918c9863afca942d0fb89d7c9ac0c99bafc3749504ded97730",
        "policy": "standard",
        "policy_sha256": None,
    },
}
FAILURE: dict[str, Any] = {
    "schema": "imageauth/report/1",
    "file": "notes.jpg",
    "error": {
        "code": "unsupported-format",
        "message": "is not a JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC image",
    },
}
PROBLEM: dict[str, Any] = {
    "type": "urn:imageauth:problem:queue-full",
    "title": "Too Many Requests",
    "status": 429,
    "detail": "As many pictures wait as may; try again.",
    "code": "queue-full",
    "request_id": "52e307d66f5f4237a0beb35da7c8d7bc",
}

CURL = """curl -F files=@picture.jpg -F files=@another.png http://127.0.0.1:8000/v1/checks"""
CURL_REPORT = 'curl -F files=@picture.jpg -o report.pdf "http://127.0.0.1:8000/v1/reports?format=pdf"'
PYTHON = """import json
import urllib.request

with open("picture.jpg", "rb") as picture:
    request = urllib.request.Request("http://127.0.0.1:8000/v1/checks", picture.read(), {"Content-Type": "image/jpeg"})
with urllib.request.urlopen(request) as answer:
    for result in json.load(answer)["results"]:
        print(result.get("verdict"), result.get("probability"), result.get("error"))"""
