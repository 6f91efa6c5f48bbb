"""What ``scripts/release_check.py`` is made of: each module looks at one thing, and gives a ``Check``."""
