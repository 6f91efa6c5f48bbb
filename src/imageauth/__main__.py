"""``python -m imageauth``."""

from imageauth.cli import main

main()
