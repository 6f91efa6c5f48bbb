"""How a scan checks; the same for all its workers, wherever they run."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from imageauth.detector import Detector
from imageauth.errors import ImageAuthError
from imageauth.models import AUTO
from imageauth.plugins import labels
from imageauth.provenance.plugin_sources import plugin_sources
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
        plugins: packages whose evidence sources are asked; those of the process that leads.
    """

    model: str | Path | None = AUTO
    policy: Policy = STANDARD
    online: bool = False
    threads: int = 1
    hashes: bool = False
    plugins: str | None = field(default_factory=lambda: labels(plugin_sources()))

    def detector(self, decoded: Callable[[str, npt.NDArray[np.uint8]], None] | None = None) -> Detector:
        """What checks.

        Args:
            decoded: see :class:`imageauth.detector.Detector`.

        Raises:
            ImageAuthError: it cannot check as the process that leads would.
        """
        detector = Detector(self.model, threads=self.threads, policy=self.policy, online=self.online, decoded=decoded)
        if detector.plugins != self.plugins:
            here, there = detector.plugins or "none", self.plugins or "none"
            raise ImageAuthError(f"a worker has other plug-ins ({here}) than the process that leads the scan ({there})")
        return detector
