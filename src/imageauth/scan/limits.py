"""Numbers that a command offers and the work keeps to; importing them loads nothing."""

DISTANCE = 24
"""Bits that near-copies may differ in, of 256. Chosen on 5,842 pictures: see docs/review.md."""

MOST_DISTANCE = 31
"""The farthest that the search finds, being exact: two such hashes differ by at most one bit in one of 16 bands."""

MOST_THUMBNAILS = 20_000
"""Small pictures that are made unless told otherwise: some 80 MB."""
