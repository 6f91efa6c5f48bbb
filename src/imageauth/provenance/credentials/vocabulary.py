"""``digitalSourceType``: what each term means for the question whether a model made the picture.

Terms and definitions: IPTC NewsCodes, http://cv.iptc.org/newscodes/digitalsourcetype/ (release of October 2024), and
C2PA's own, C2PA specification 2.2, section 18.15.
"""

import re
from typing import Literal, NamedTuple

Meaning = Literal["ai", "capture", "none"]


class Term(NamedTuple):
    """What a source type means, and how it is said: ``the image is …``."""

    name: str
    meaning: Meaning
    words: str


TERMS = {
    term.name.lower(): term
    for term in (
        Term("trainedAlgorithmicMedia", "ai", "made by a generative model"),
        Term("compositeWithTrainedAlgorithmicMedia", "ai", "partly made or edited by a generative model"),
        Term("compositeSynthetic", "ai", "a composite with parts made by a generative model"),
        Term("trainedAlgorithmicData", "ai", "data made by a trained model"),
        Term("digitalCapture", "capture", "captured from real life by a camera"),
        Term("computationalCapture", "capture", "captured from real life by a camera in several frames"),
        # A scan says nothing of how its original came about: prints and slides are made from any picture.
        Term("negativeFilm", "none", "digitised from a negative"),
        Term("positiveFilm", "none", "digitised from a positive on film"),
        Term("print", "none", "digitised from a print"),
        Term("humanEdits", "none", "edited by people with non-generative tools"),
        Term("minorHumanEdits", "none", "an original with minor edits by people"),
        Term("algorithmicallyEnhanced", "none", "altered by an algorithm without changing what it shows"),
        Term("softwareImage", "none", "created by software"),
        Term("digitalArt", "none", "created by a person with digital tools"),
        Term("digitalCreation", "none", "created by a person with non-generative tools"),
        Term("dataDrivenMedia", "none", "a rendering of data"),
        Term("algorithmicMedia", "none", "made by an algorithm that was not trained on samples"),
        Term("screenCapture", "none", "a capture of a screen"),
        Term("virtualRecording", "none", "a recording of a virtual event"),
        Term("composite", "none", "a composite of parts that may or may not be AI-made"),
        Term("compositeCapture", "none", "a composite of captures"),
        Term("empty", "none", "of no stated source"),
    )
}

C2PA_TERMS = frozenset({"trainedAlgorithmicData", "empty"})
"""Those that are C2PA's own and stand in no vocabulary of IPTC."""

_ADDRESS = re.compile(
    r"(?:https?://(?:cv\.iptc\.org/newscodes/digitalsourcetype|c2pa\.org/digitalsourcetype)/|digsrctype:)?(\w+)/?"
    r"|https?://schema\.org/(\w+)DigitalSource",
    re.IGNORECASE | re.ASCII,
)


def look_up(address: str) -> Term:
    """The term that an address stands for; one without meaning where it is of no vocabulary that we know."""
    match = _ADDRESS.fullmatch(address.strip())
    name = (match[1] or match[2]) if match else ""
    return TERMS.get(name.lower()) or Term(address[-60:], "none", "of a source that is not in the vocabulary")
