"""The parts of a running service, and who may use them."""

import asyncio
import logging
import math
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from imageauth import __version__
from imageauth.detector import Detector, Prepared
from imageauth.imagefile import ImageFile
from imageauth.images import MAX_PIXELS, examine, too_many_pixels
from imageauth.server.batching import Batcher, QueueFullError
from imageauth.server.budget import Budget, Turns
from imageauth.server.keys import Keys
from imageauth.server.logs import log
from imageauth.server.metrics import Metrics
from imageauth.server.page_config import page_config
from imageauth.server.private import private_of
from imageauth.server.problems import ProblemError, answer, busy
from imageauth.server.rates import Rates, client_of
from imageauth.server.settings import Settings
from imageauth.server.uploads import Upload

# Longer than that nobody is told to wait, however long the queue is.
_LONGEST_WAIT = 120
# For the threads to end what they are at.
CLOSE_SECONDS = 5
# Why the service cannot answer. Callers may be strangers: the log has the error, with the paths that may be in it.
_LOADING = "the models are being loaded"
_NOT_LOADED = "a model cannot be loaded; the log of the service says why"
_STOPPING = "the service is stopping"


class Service:
    """What the routes share.

    Attributes:
        settings: see :class:`Settings`.
        detector: that answers.
        batcher: the queue before it.
        budget: memory for uploads.
        metrics: of the service.
        writing: held while a document is written, which takes much memory where it holds many pictures.
        reading: held while a request's tensors are read, which takes much memory where they are JSON.
        keys: that may ask; None: anyone may.
        private: what the page's private mode runs in the browser.
        not_ready: why the service cannot answer yet, or no longer; empty while it can.
    """

    def __init__(self, detector: Detector, settings: Settings) -> None:
        """Build the parts; nothing is started.

        Raises:
            ImageAuthError: the file of API keys is not usable.
        """
        self.settings, self.detector = settings, detector
        self.metrics = Metrics()
        self.reading = asyncio.Lock()
        self.writing = asyncio.Lock()
        self.budget = Budget(settings.limits.memory_bytes, settings.limits.memory_bytes_per_client)
        self.keys = Keys.read(settings.api_keys) if settings.api_keys else None
        self.rates = Rates(settings.rate) if settings.rate else None
        self.private = private_of(detector)
        self.not_ready = _LOADING
        # As many pixels as the largest picture has: what decoding takes does not grow with the number of threads.
        self._decoding = Turns(MAX_PIXELS)
        self.batcher = Batcher(self.prepare, detector.answer, places=settings.limits.queue, watcher=self.metrics)
        self.metrics.build.labels(__version__).set(1)
        self.metrics.watch(
            {
                "imageauth_queue_pictures": ("Pictures that wait or are worked on", lambda: self.batcher.count),
                "imageauth_queue_capacity": (
                    "How many a request may find and still be taken",
                    lambda: settings.limits.queue,
                ),
                "imageauth_upload_bytes": ("Bytes of uploads in memory", lambda: self.budget.held),
                "imageauth_upload_bytes_limit": ("How many there can be", lambda: settings.limits.memory_bytes),
                "imageauth_ready": ("Whether the models are loaded", lambda: float(not self.not_ready)),
            }
        )

    def start(self) -> None:
        """Load the models, and then start the threads of the queue. Pictures wait meanwhile: side by side with them the
        models would take several times as long to be ready, as after a crash under load.
        """
        threading.Thread(target=self._warm_up, name="imageauth-warm-up", daemon=True).start()

    def stop(self) -> None:
        """Stop the threads; what still waits is dropped."""
        self.not_ready = _STOPPING
        self.batcher.close(CLOSE_SECONDS)

    def admit(self, request: Request) -> str:
        """See whether a request may have something checked, before its body is read.

        Returns:
            who counts as the client, for :meth:`charge`.

        Raises:
            ProblemError: 401 without a valid key; 403 from another site's page; 429 too often, or the queue is full;
                503 the models cannot be loaded, or the service stops.
        """
        # A page of another site could make its visitors' browsers work here without ever seeing an answer.
        if request.headers.get("origin") not in self.settings.allow_origins and _is_cross_site(request):
            raise ProblemError(403, "cross-site", "Pages of other sites may not use this service.")
        client = self.identify(request)
        if self.not_ready in (_NOT_LOADED, _STOPPING):  # while they are being loaded, pictures wait for them
            raise self.unready()
        if self.rates and (seconds := self.rates.wait(client)) > 0:
            raise busy("rate-limit", "You have asked as often as you may for now.", math.ceil(seconds))
        try:
            self.batcher.check_room()
        except QueueFullError as full:
            raise queue_full(full) from None
        return client

    def identify(self, request: Request) -> str:
        """Who asks: the holder of a key, or an address where no keys are asked for.

        Raises:
            ProblemError: 401, there is no valid key.
        """
        if not self.keys:
            return client_of(request.client.host if request.client else "")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        key = token.strip() if scheme.lower() == "bearer" else request.headers.get("x-api-key", "")
        holder = self.keys.holder(key) if key else None
        if not holder:
            detail = "The API key is not known." if key else "This service asks for an API key."
            code = "unknown-key" if key else "key-required"
            raise ProblemError(401, code, detail, {"WWW-Authenticate": "Bearer"})
        request.state.client = holder
        return holder

    def charge(self, client: str, pictures: int) -> None:
        """Count pictures against a client's rate, once they are on the queue: who is put off has paid nothing."""
        if self.rates:
            self.rates.spend(client, pictures)

    @contextmanager
    def charging_faults(self, client: str) -> Iterator[None]:
        """While a request is read: one that is refused for its own fault has cost work too, and counts as a picture."""
        try:
            yield
        except ProblemError as problem:
            if 400 <= problem.status < 500 and problem.status != 429:
                self.charge(client, 1)
            raise

    def unready(self) -> ProblemError:
        """The problem that says why the service cannot answer."""
        return _not_ready(self.not_ready)

    def uploaded(self, request: Request, uploads: Sequence[Upload], seconds: float) -> None:
        """Tell the measurements and the log what a request brought.

        Args:
            seconds: that it took.
        """
        request.state.bytes = sum(upload.size for upload in uploads)
        self.metrics.uploaded.inc(request.state.bytes)
        self.metrics.stage("upload", seconds)

    def config(self) -> dict[str, Any]:
        """What the page must know."""
        limits = self.settings.limits
        return page_config(
            self.private.describe(),
            server=True,
            max_bytes=limits.file_bytes,
            max_pixels=limits.pixels,
            max_files=limits.files,
            key_required=self.keys is not None,
            exports=exports(),
        )

    def prepare(self, data: bytes, name: str, seen: Callable[[ImageFile], None] | None = None) -> Prepared:
        """Decode one picture, as far as the operator allows its size.

        Args:
            data, name, seen: as for :meth:`imageauth.detector.Detector.prepare`.

        Raises:
            ImageError: it cannot be checked.
        """
        most, header = self.settings.limits.pixels, examine(data)
        pixels = header.width * header.height
        if most < MAX_PIXELS and pixels > most:
            raise too_many_pixels(header.width, header.height, most)
        with self._decoding.take(pixels if pixels <= MAX_PIXELS else 0):  # larger ones are never decoded
            return self.detector.prepare(data, name=name, seen=seen)

    def _warm_up(self) -> None:
        try:
            self.detector.warm_up()
            reason = ""
            log("ready")
        except Exception as error:  # whatever it is, the service must say that it is not ready
            reason = _NOT_LOADED
            log("not-ready", logging.ERROR, error, reason=str(error))
        if self.not_ready == _LOADING:
            self.not_ready = reason
        self.batcher.start()
        try:
            for file in self.private.made.values():
                file.etag  # noqa: B018 (made now, so that nobody need wait for it)
        except Exception as error:
            log("private-files", logging.ERROR, error)


def exports() -> tuple[str, ...]:
    """The forms in which the service can write reports."""
    return ("json", "html", "pdf") if find_spec("typst") else ("json", "html")


def unusable(request: Request, error: Exception) -> Response:
    """Exception handler: a model's weights were needed before they were warm, and cannot be read."""
    log("not-ready", logging.ERROR, error, reason=str(error))
    return answer(request, _not_ready(_NOT_LOADED))


def _not_ready(reason: str) -> ProblemError:
    wait = 1 if reason == _LOADING else 30
    return ProblemError(503, "not-ready", f"Not ready: {reason}.", {"Retry-After": str(wait)})


def queue_full(full: QueueFullError) -> ProblemError:
    """The problem, with an honest estimate of when to try again: when what waits now will be done."""
    seconds = min(_LONGEST_WAIT, max(1, math.ceil(full.seconds)))
    return busy("queue-full", "As many pictures wait as may; try again.", seconds)


def _is_cross_site(request: Request) -> bool:
    """Whether a page of another site asks. Browsers say so to ``https`` and to their own machine; elsewhere the
    ``Origin`` tells, which they send with every POST.
    """
    if site := request.headers.get("sec-fetch-site"):
        return site == "cross-site"
    origin = request.headers.get("origin")
    return origin is not None and _host(origin) != _host(f"//{request.headers.get('host', '')}")


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def service_of(request: Request) -> Service:
    """The service that a request came to."""
    service: Service = request.app.state.service
    return service
