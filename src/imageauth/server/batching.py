"""Pictures of all requests on one bounded queue: several threads prepare them, one asks the models.

The models are asked about whatever is ready, whichever request it came with. Small pictures gain much from that. Large
ones are looked at one by one in any case (see :mod:`imageauth.pixels.model`), so that a batch ends once it is heavy.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import Any, Protocol

from imageauth.detector import Answer, Prepared, failure_of
from imageauth.errors import ImageError
from imageauth.pixels.network import usable_cores

# Of a batch: pictures, and bytes of their views. The first that is beyond them still belongs to it. Less than in
# Detector.check_many, which nobody waits for picture by picture: there a heavy batch saves time, here it would keep
# small pictures of other requests waiting.
MOST_PICTURES, MOST_BYTES = 64, 2**20
# Views that wait for their turn: of the photo model some 1.5 MB a picture, more than most files. A few are enough to
# keep the models busy; what else waits does so as the file that came.
AHEAD_BYTES = 6 * 2**20


class QueueFullError(Exception):
    """There is no place for so many.

    Attributes:
        seconds: until what waits now will be done.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Watcher(Protocol):
    """Who is told how long things took."""

    def stage(self, name: str, seconds: float) -> None:
        """A picture spent so long in a stage: ``wait``, ``prepare`` or ``answer``."""

    def batch(self, pictures: int) -> None:
        """So many were answered at a time."""


@dataclass(slots=True, eq=False)
class Job:
    """One picture on the queue.

    Attributes:
        name: what its report calls it.
        take: gives its bytes.
        release: called once the bytes are no longer needed.
        finish: makes of the answer what the request keeps; it works between batches, and may still ask the models.
        prepare: in the place of the queue's own.
        answer: what comes of that, or a :class:`imageauth.report.Failure`; cancelling it takes the picture off the
            queue.
    """

    name: str
    take: Callable[[], bytes]
    release: Callable[[], None]
    finish: Callable[[Answer], Any] = attrgetter("report")
    prepare: Callable[[bytes, str], Prepared] | None = None
    answer: Future[Any] = field(default_factory=Future)
    since: float = field(default_factory=time.monotonic)
    prepared: Prepared | None = None


@dataclass(slots=True, eq=False)
class _Call:
    """Other work for the thread that asks the models."""

    work: Callable[[], Any]
    answer: Future[Any] = field(default_factory=Future)
    since: float = field(default_factory=time.monotonic)


class Batcher:
    """The queue and its threads."""

    def __init__(
        self,
        prepare: Callable[[bytes, str], Prepared],
        answer: Callable[[Sequence[Prepared]], Sequence[Answer]],
        *,
        places: int,
        watcher: Watcher,
        threads: int | None = None,
    ) -> None:
        """Make a queue; :meth:`start` starts it.

        Args:
            prepare: a file's bytes under a name, as :meth:`imageauth.detector.Detector.prepare` does.
            answer: as :meth:`imageauth.detector.Detector.answer` does.
            places: pictures that wait or are worked on; the last request that finds one free may exceed them.
            watcher: is told how long things took.
            threads: that prepare; default: all usable cores.
        """
        self._prepare, self._answer = prepare, answer
        self._watcher, self._places = watcher, places
        self._waiting: deque[Job] = deque()
        self._ready: deque[Job | _Call] = deque()
        self._ready_bytes = 0
        self._count = 0
        self._closed = False
        self._pace = 0.5  # seconds a picture, until some were measured
        self._last = 0.0
        self._change = threading.Condition()
        self._threads = [
            threading.Thread(target=self._prepare_jobs, name=f"imageauth-prepare-{index}", daemon=True)
            for index in range(threads or usable_cores())
        ]
        self._threads.append(threading.Thread(target=self._answer_jobs, name="imageauth-answer", daemon=True))

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    @property
    def count(self) -> int:
        """Pictures that wait or are worked on."""
        return self._count

    @property
    def seconds(self) -> float:
        """Until what waits now will be done, by the pace of the last pictures."""
        return self._count * self._pace

    def check_room(self) -> None:
        """See whether a request would find a place now.

        Raises:
            QueueFullError: it would not.
        """
        if self._count >= self._places:
            raise QueueFullError(self.seconds)

    def submit(self, jobs: Sequence[Job]) -> None:
        """Put the pictures of a request on the queue, all or none. One free place is enough, however many they are:
        else requests with few would always be quicker, and one with many would wait for ever.

        Raises:
            QueueFullError: there is no place.
        """
        if not jobs:
            return
        with self._change:
            self._admit([job.answer for job in jobs])
            self._waiting.extend(jobs)
            self._change.notify_all()
        for job in jobs:
            job.answer.add_done_callback(lambda _, job=job: self._withdraw(job))  # type: ignore[misc]

    def call(self, work: Callable[[], Any]) -> Future[Any]:
        """Do other work between batches, where nothing else asks the models; it takes a place on the queue.

        Args:
            work: short: everything waits for it.

        Raises:
            QueueFullError: there is no place.
        """
        call = _Call(work)
        with self._change:
            self._admit([call.answer])
            self._ready.append(call)
            self._change.notify_all()
        call.answer.add_done_callback(lambda _: self._drop(call))
        return call.answer

    def close(self, seconds: float) -> None:
        """Take nothing more, drop what waits, and let the threads end.

        Args:
            seconds: to wait for them.
        """
        with self._change:
            self._closed = True
            left = [*self._waiting, *self._ready]
            self._change.notify_all()
        for item in left:
            item.answer.cancel()
        until = time.monotonic() + seconds
        for thread in filter(threading.Thread.is_alive, self._threads):
            thread.join(max(0, until - time.monotonic()))

    def _admit(self, answers: Sequence[Future[Any]]) -> None:
        if self._closed:
            raise QueueFullError(1)
        self.check_room()
        self._count += len(answers)
        for answer in answers:
            answer.add_done_callback(self._leave)

    def _leave(self, _: Future[Any]) -> None:
        with self._change:
            self._count -= 1

    def _withdraw(self, job: Job) -> None:
        """A picture that nobody waits for any more keeps no memory."""
        with self._change:
            if job not in self._waiting:
                return
            self._waiting.remove(job)
        job.release()

    def _drop(self, call: _Call) -> None:
        """Nor does other work, and what it would work on."""
        with self._change:
            if call in self._ready:
                self._ready.remove(call)
        call.work = bool

    def _prepare_jobs(self) -> None:
        """What each preparing thread does."""
        while job := self._next_waiting():
            start = time.monotonic()
            self._watcher.stage("wait", start - job.since)
            try:
                job.prepared = (job.prepare or self._prepare)(job.take(), job.name)
            except (ImageError, MemoryError) as error:
                _settle(job.answer, failure_of(job.name, error))
            except Exception as error:  # a bug of ours must not end the thread
                _settle(job.answer, error)
            finally:
                job.release()
            self._watcher.stage("prepare", time.monotonic() - start)
            if job.prepared and not job.answer.cancelled():
                with self._change:
                    self._ready.append(job)
                    self._ready_bytes += job.prepared.bytes
                    self._change.notify_all()

    def _next_waiting(self) -> Job | None:
        with self._change:
            while not self._closed:
                if self._waiting and self._ready_bytes < AHEAD_BYTES:
                    return self._waiting.popleft()
                self._change.wait()
        return None

    def _answer_jobs(self) -> None:
        """What the asking thread does."""
        while batch := self._next_batch():
            start = time.monotonic()
            if isinstance(first := batch[0], _Call):
                _settle(first.answer, _result_of(first.work))
            else:
                self._answer_batch([job for job in batch if isinstance(job, Job)])
                self._watcher.batch(len(batch))
                self._watcher.stage("answer", time.monotonic() - start)
            end = time.monotonic()
            pace = (end - max(self._last, min(item.since for item in batch))) / len(batch)
            self._pace, self._last = 0.8 * self._pace + 0.2 * pace, end

    def _answer_batch(self, jobs: Sequence[Job]) -> None:
        """Ask about pictures together; where that fails about each alone, so that none of them spoils the others."""
        prepared = [job.prepared for job in jobs if job.prepared]
        answers = _result_of(lambda: self._answer(prepared))
        if isinstance(answers, Exception) and len(jobs) > 1:
            for job in jobs:
                self._answer_batch([job])
            return
        prepared.clear()
        answers = deque(answers if not isinstance(answers, Exception) else [answers])
        for job in jobs:
            job.prepared, result = None, answers.popleft()  # each picture's views go as soon as it is done
            if not isinstance(result, Exception) and not job.answer.cancelled():
                result = _result_of(partial(job.finish, result))
            _settle(job.answer, failure_of(job.name, result) if isinstance(result, MemoryError) else result)

    def _next_batch(self) -> list[Job | _Call]:
        """What is ready, as much as is worth asking about at a time; nothing once the queue is closed."""
        batch: list[Job | _Call] = []
        weight = 0
        with self._change:
            while not self._closed and not batch:
                while self._ready and len(batch) < MOST_PICTURES and weight < MOST_BYTES:
                    if batch and isinstance(self._ready[0], _Call):
                        break
                    item = self._ready.popleft()
                    size = item.prepared.bytes if isinstance(item, Job) and item.prepared else 0
                    self._ready_bytes -= size
                    if item.answer.cancelled():
                        continue
                    batch.append(item)
                    weight += size
                    if isinstance(item, _Call):
                        break
                if not batch:
                    self._change.wait()
            self._change.notify_all()
        return batch


def _result_of(work: Callable[[], Any]) -> Any:
    """What it returns, or the error that it ends with."""
    try:
        return work()
    except Exception as error:
        return error


def _settle(answer: Future[Any], result: Any) -> None:
    """Give an answer, unless nobody waits for it any more."""
    if answer.set_running_or_notify_cancel():
        if isinstance(result, Exception):
            answer.set_exception(result)
        else:
            answer.set_result(result)
