"""The card and the page of a model that was tuned to a user's pictures."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from imageauth.errors import DataError
from imageauth.escaping import table_cell
from imageauth.evaluation.figures import or_none
from imageauth.files import write_atomically
from imageauth.models import shipped_models
from imageauth.pixels.card import FILE_NAME, Card
from imageauth.training.export import WEIGHTS
from imageauth.training.model_card import CARD_PAGE
from imageauth.training.own.judge import RISK_UNITS, Fitted, Judged, enough, table
from imageauth.training.own.pictures import Chosen
from imageauth.training.own.splits import Split
from imageauth.training.own.tune import Tuned
from imageauth.training.photo_assess import RISKS
from imageauth.training.photo_card import FIGURES_FILE, rounded

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
