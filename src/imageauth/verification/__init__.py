"""A report against its picture: computed again, compared point by point, and the signature beside it checked.

>>> from imageauth.verification import verify_report
>>> verify_report("report.html", ["picture.jpg"]).outcome
"""

from imageauth.verification.pictures import PictureCheck
from imageauth.verification.points import Mark, Point
from imageauth.verification.statements import Stated, Statements, UnreadableError, read_statements
from imageauth.verification.verifying import SCHEMA, Verification, verify_report

__all__ = [
    "SCHEMA",
    "Mark",
    "PictureCheck",
    "Point",
    "Stated",
    "Statements",
    "UnreadableError",
    "Verification",
    "read_statements",
    "verify_report",
]
