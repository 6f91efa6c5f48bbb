"""Searching the training recipe with Optuna: :mod:`.space` what is varied, :mod:`.trial` one short training,
:mod:`.study` the resumable search, :mod:`.report` and :mod:`.plots` what it leaves for people.
"""
