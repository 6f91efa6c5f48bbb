"""Measurements for Prometheus. They count; no name, address or picture is in them."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from imageauth.report import Failure, Report

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160)


class _State(Collector):
    """Values that are read when somebody asks for them."""

    def __init__(self, values: dict[str, tuple[str, Callable[[], float]]]) -> None:
        self._values = values

    def collect(self) -> list[Metric]:
        """The values as they are now."""
        return [GaugeMetricFamily(name, text, value=read()) for name, (text, read) in self._values.items()]


class Metrics:
    """The service's own registry; several services in one process do not share numbers."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "imageauth_requests", "Requests answered", ["route", "method", "status"], registry=registry
        )
        self.seconds = Histogram(
            "imageauth_request_duration_seconds",
            "From a request to its answer",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._stages = Histogram(
            "imageauth_stage_duration_seconds",
            "What a picture spends its time on: upload, wait, prepare, answer, heatmap; and a document",
            ["stage"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._batches = Histogram(
            "imageauth_batch_pictures",
            "Pictures that the models were asked about at a time",
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=registry,
        )
        self.verdicts = Counter("imageauth_verdicts", "Reports by verdict", ["verdict"], registry=registry)
        self.failures = Counter(
            "imageauth_failures", "Files that could not be checked, by code", ["code"], registry=registry
        )
        self.rejected = Counter("imageauth_rejected", "Requests refused, by problem code", ["code"], registry=registry)
        self.uploaded = Counter("imageauth_uploaded_bytes", "Bytes of uploads read", registry=registry)
        self.build = Gauge("imageauth_build_info", "What is running", ["version"], registry=registry)

    def watch(self, values: dict[str, tuple[str, Callable[[], float]]]) -> None:
        """Add gauges.

        Args:
            values: by name, what they mean and what reads them.
        """
        self._registry.register(_State(values))

    def stage(self, name: str, seconds: float) -> None:
        """A picture spent so long in a stage."""
        self._stages.labels(name).observe(seconds)

    def count(self, answer: Report | Failure) -> None:
        """A file was answered."""
        if isinstance(answer, Failure):
            self.failures.labels(answer.code).inc()
        else:
            self.verdicts.labels(str(answer.verdict)).inc()

    def batch(self, pictures: int) -> None:
        """So many were answered at a time."""
        self._batches.observe(pictures)

    def text(self) -> bytes:
        """All of it in the format that Prometheus scrapes."""
        return generate_latest(self._registry)
