"""How a scan checks; the same for all its workers, wherever they run."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imageauth.detector import Detector
from imageauth.models import AUTO
from imageauth.verdict import STANDARD, Policy


@dataclass(frozen=True, slots=True)
class Checking:
    """Arguments of :class:`imageauth.detector.Detector`.

    Attributes:
        model: a shipped model's name, a folder, ``auto``, or None to leave the pixels alone.
        policy: what may decide.
        online: fetch credentials that lie elsewhere.
        threads: processor threads of one worker.
        hashes: take a perceptual hash of each picture too.
    """

    model: str | Path | None = AUTO
    policy: Policy = STANDARD
    online: bool = False
    threads: int = 1
    hashes: bool = False

    def detector(self, decoded: Callable[[str, npt.NDArray[np.uint8]], None] | None = None) -> Detector:
        """What checks.

        Args:
            decoded: see :class:`imageauth.detector.Detector`.
        """
        return Detector(self.model, threads=self.threads, policy=self.policy, online=self.online, decoded=decoded)
