"""The queue that pictures of all requests share."""

import io
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

import PIL.Image
import pytest

from imageauth.detector import Detector
from imageauth.errors import ImageError, ModelError
from imageauth.images import MAX_PIXELS
from imageauth.report import Failure
from imageauth.server import batching
from imageauth.server.batching import Batcher, Job, QueueFullError
from imageauth.server.budget import Turns
from imageauth.server.service import Service
from imageauth.server.settings import Settings


class Item:
    """Stands for a prepared picture, and for the answer about it."""

    def __init__(self, name: str, size: int = 100) -> None:
        self.report, self.bytes = name, size


class Watcher:
    def __init__(self) -> None:
        self.batches: list[int] = []
        self.stages: list[str] = []

    def stage(self, name: str, seconds: float) -> None:
        assert seconds >= 0
        self.stages.append(name)

    def batch(self, pictures: int) -> None:
        self.batches.append(pictures)


class Gate:
    """An answering function that can be held up."""

    def __init__(self, result: Callable[[Sequence[Any]], Any] = list) -> None:
        self.open, self.entered = threading.Event(), threading.Event()
        self.result = result
        self.seen: list[str] = []

    def __call__(self, images: Sequence[Any]) -> Any:
        self.entered.set()
        assert self.open.wait(10)
        self.seen += [image.report for image in images]
        return self.result(images)


@contextmanager
def batcher(
    answer: Callable[[Sequence[Any]], Any] = list,
    prepare: Callable[[bytes, str], Any] = lambda data, name: Item(name, len(data)),
    places: int = 8,
) -> Iterator[tuple[Batcher, Watcher]]:
    watcher = Watcher()
    made = Batcher(prepare, answer, places=places, watcher=watcher, threads=2)
    made.start()
    try:
        yield made, watcher
    finally:
        if isinstance(answer, Gate):
            answer.open.set()
        made.close(5)


def job(name: str, size: int = 100) -> tuple[Job, list[str]]:
    released: list[str] = []
    return Job(name, lambda: b"x" * size, lambda: released.append(name)), released


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_pictures_of_several_requests_are_answered_together() -> None:
    gate = Gate()
    with batcher(gate) as (queue, watcher):
        first, _ = job("first")
        queue.submit([first])
        assert gate.entered.wait(5)
        others = [job(str(index))[0] for index in range(5)]
        for other in others:
            queue.submit([other])
        until(lambda: watcher.stages.count("prepare") == 6)
        gate.open.set()
        assert first.answer.result(5) == "first"
        assert [other.answer.result(5) for other in others] == list("01234")
        until(lambda: watcher.batches == [1, 5])
        until(lambda: queue.count == 0)


def test_heavy_pictures_are_answered_one_by_one() -> None:
    gate = Gate()
    with batcher(gate) as (queue, watcher):
        jobs = [job(str(index), 2 * 2**20)[0] for index in range(3)]
        queue.submit(jobs)
        until(lambda: watcher.stages.count("prepare") == 3)
        gate.open.set()
        for each in jobs:
            each.answer.result(5)
        until(lambda: watcher.batches == [1, 1, 1])


def test_a_full_queue_refuses_all_of_a_request_and_says_how_long() -> None:
    gate = Gate()
    with batcher(gate, places=4) as (queue, _):
        queue.submit([job(str(index))[0] for index in range(4)])
        with pytest.raises(QueueFullError) as full:
            queue.submit([job("a")[0], job("b")[0]])
        assert full.value.seconds > 0
        assert queue.count == 4
        with pytest.raises(QueueFullError):
            queue.check_room()
        queue.submit([])  # nothing to do is never too much


def test_one_free_place_is_enough_for_a_large_request() -> None:
    """Else those with few pictures, who find the last place each time, would keep it out for ever."""
    gate = Gate()
    with batcher(gate, places=4) as (queue, _):
        queue.submit([job(str(index))[0] for index in range(3)])
        large = [job(f"large {index}")[0] for index in range(6)]
        queue.check_room()
        queue.submit(large)
        assert queue.count == 9
        with pytest.raises(QueueFullError):  # and until it is done nobody overtakes it
            queue.submit([job("small")[0]])
        gate.open.set()
        assert [each.answer.result(5) for each in large] == [f"large {index}" for index in range(6)]
        until(lambda: queue.count == 0)
        queue.submit([job("small")[0]])


def test_the_estimate_follows_the_measured_pace() -> None:
    def slow(images: Sequence[Any]) -> Any:
        time.sleep(0.1)
        return list(images)

    gate = Gate()
    with batcher(slow, places=50) as (queue, _):
        start = time.monotonic()
        for _ in range(25):
            one, _released = job("x", 2**21)
            queue.submit([one])
            one.answer.result(5)
        took = (time.monotonic() - start) / 25
        queue._answer = gate
        queue.submit([job(str(index))[0] for index in range(10)])
        assert 0.4 * took < queue.seconds / 10 < 2.5 * took


def test_what_nobody_waits_for_is_dropped_and_its_memory_released() -> None:
    gate = Gate()
    prepared = threading.Event()

    def prepare(data: bytes, name: str) -> Any:
        if name == "slow":
            assert prepared.wait(10)
        return Item(name)

    with batcher(gate, prepare) as (queue, _):
        blockers = [job("slow") for _ in range(2)]  # both preparing threads are busy
        queue.submit([each for each, _ in blockers])
        until(lambda: not queue._waiting)
        gone, released = job("gone")
        stays, _ = job("stays")
        queue.submit([gone])
        queue.submit([stays])
        gone.answer.cancel()
        assert released == ["gone"]
        assert queue.count == 3
        blockers[0][0].answer.cancel()  # while it is being prepared
        prepared.set()
        gate.open.set()
        assert stays.answer.result(5) == "stays"
        until(lambda: queue.count == 0)
        assert "gone" not in gate.seen
        assert gate.seen.count("slow") == 1
        until(lambda: blockers[0][1] == ["slow"])


@pytest.mark.parametrize(
    ("error", "code"), [(ImageError("corrupt", "is damaged"), "corrupt"), (MemoryError(), "too-large")]
)
def test_a_picture_that_cannot_be_prepared_is_a_failure(error: Exception, code: str) -> None:
    def prepare(data: bytes, name: str) -> Any:
        raise error

    with batcher(prepare=prepare) as (queue, _):
        one, released = job("bad")
        queue.submit([one])
        failure = one.answer.result(5)
        assert isinstance(failure, Failure)
        assert (failure.file, failure.code) == ("bad", code)
        assert released == ["bad"]


def test_errors_of_ours_reach_the_request_and_end_no_thread() -> None:
    failing: list[Exception] = [ModelError("weights are gone"), RuntimeError("a bug")]

    def answer(images: Sequence[Any]) -> Any:
        if failing:
            raise failing.pop()
        return list(images)

    def prepare(data: bytes, name: str) -> Any:
        if name == "bug":
            raise ZeroDivisionError
        return Item(name)

    with batcher(answer, prepare) as (queue, _):
        for name, kind in (("a", RuntimeError), ("b", ModelError), *[("bug", ZeroDivisionError)] * 5):
            one, _ = job(name)
            queue.submit([one])
            with pytest.raises(kind):
                one.answer.result(5)
        one, _ = job("well")
        queue.submit([one])
        assert one.answer.result(5) == "well"


def test_a_picture_that_breaks_a_batch_spoils_no_other() -> None:
    def answer(images: Sequence[Any]) -> Any:
        if any(image.report == "bad" for image in images):
            raise ZeroDivisionError
        return list(images)

    gate = Gate(answer)
    with batcher(gate) as (queue, watcher):
        first, _ = job("first")
        queue.submit([first])
        assert gate.entered.wait(5)
        jobs = [job(name)[0] for name in ("a", "bad", "b")]
        queue.submit(jobs)
        until(lambda: watcher.stages.count("prepare") == 4)
        gate.open.set()
        assert (jobs[0].answer.result(5), jobs[2].answer.result(5)) == ("a", "b")
        with pytest.raises(ZeroDivisionError):
            jobs[1].answer.result(5)


def test_what_a_request_keeps_is_made_between_batches_and_the_views_are_dropped() -> None:
    drawing = threading.Event()
    threads: list[str] = []

    def draw(answer: Any) -> str:
        threads.append(threading.current_thread().name)
        assert drawing.wait(10)
        return f"{answer.report} drawn"

    def fail(answer: Any) -> str:
        raise ZeroDivisionError

    with batcher() as (queue, _):
        jobs = [Job(name, lambda: b"x", lambda: None, finish) for name, finish in (("a", draw), ("b", fail))]
        queue.submit(jobs)
        until(lambda: bool(threads))
        assert queue.count == 2  # its place is taken until it is drawn
        drawing.set()
        assert jobs[0].answer.result(5) == "a drawn"
        with pytest.raises(ZeroDivisionError):
            jobs[1].answer.result(5)
        assert threads == ["imageauth-answer"]
        assert [each.prepared for each in jobs] == [None, None]
        until(lambda: queue.count == 0)


def test_too_little_memory_for_a_batch_is_a_failure_of_its_pictures() -> None:
    def answer(images: Sequence[Any]) -> Any:
        raise MemoryError

    with batcher(answer) as (queue, _):
        one, _ = job("a")
        queue.submit([one])
        assert one.answer.result(5).code == "too-large"


def test_prepared_views_that_wait_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "AHEAD_BYTES", 1000)
    gate = Gate()
    with batcher(gate, places=50) as (queue, watcher):
        jobs = [job(str(index), 400)[0] for index in range(20)]
        queue.submit(jobs)
        assert gate.entered.wait(5)
        time.sleep(0.2)
        # The batch in hand, three that fill the allowance, and one that another thread had begun.
        assert watcher.stages.count("prepare") <= 8
        gate.open.set()
        assert [each.answer.result(5) for each in jobs] == [str(index) for index in range(20)]


def test_calls_take_turns_with_batches() -> None:
    gate = Gate()
    with batcher(gate, places=3) as (queue, _):
        first, _ = job("first")
        queue.submit([first])
        assert gate.entered.wait(5)
        calls = [queue.call(lambda: threading.current_thread().name), queue.call(lambda: 1 / 0)]
        with pytest.raises(QueueFullError):
            queue.call(lambda: None)
        assert not calls[0].done()
        gate.open.set()
        assert calls[0].result(5) == "imageauth-answer"
        with pytest.raises(ZeroDivisionError):
            calls[1].result(5)


def test_other_work_that_nobody_waits_for_keeps_no_memory() -> None:
    gate = Gate()
    with batcher(gate) as (queue, _):
        first, _ = job("first")
        queue.submit([first])
        assert gate.entered.wait(5)
        tensor = Item("tensor")
        kept = weakref.ref(tensor)
        call = queue.call(partial(len, tensor))  # type: ignore[arg-type]
        del tensor
        assert kept()
        call.cancel()
        assert not kept()
        assert queue.count == 1


def test_a_share_is_waited_for_in_turn() -> None:
    turns, order = Turns(100), []
    first, second = threading.Event(), threading.Event()

    def hold(name: str, count: int, until: threading.Event) -> threading.Thread:
        def work() -> None:
            with turns.take(count):
                order.append(name)
                assert until.wait(10)

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    threads = [hold("small", 60, first)]
    until(lambda: order == ["small"])
    threads.append(hold("huge", 500, second))  # more than there is: alone
    until(lambda: len(turns._line) == 1)
    threads.append(hold("tiny", 1, second))  # would fit, but was not first
    time.sleep(0.05)
    assert order == ["small"]
    first.set()
    until(lambda: order == ["small", "huge"])
    time.sleep(0.05)
    assert order == ["small", "huge"]
    second.set()
    for thread in threads:
        thread.join(10)
    assert order == ["small", "huge", "tiny"]


def test_pixels_that_are_decoded_at_a_time_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """By what the headers say, however many threads there are."""
    pictures = []
    for side in (9_000, 6_000, 3_000, 100) * 2:
        png = io.BytesIO()
        PIL.Image.new("1", (side, side)).save(png, "PNG")
        pictures.append((png.getvalue(), side * side))
    lock, now, most = threading.Lock(), [0], [0]

    def prepare(data: bytes, *, name: str, seen: object) -> None:
        with lock:
            now[0] += int(name)
            most[0] = max(most[0], now[0])
        time.sleep(0.02)
        with lock:
            now[0] -= int(name)

    detector = Detector(None)
    monkeypatch.setattr(detector, "prepare", prepare)
    service = Service(detector, Settings())
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: service.prepare(each[0], str(each[1])), pictures))
    assert 9_000**2 <= most[0] <= MAX_PIXELS


def test_closing_drops_what_waits_and_takes_nothing_more() -> None:
    gate = Gate()
    with batcher(gate) as (queue, _):
        first, _ = job("first")
        queue.submit([first])
        assert gate.entered.wait(5)
        waiting, released = job("waiting", 2**21)
        queue.submit([waiting])
        threading.Timer(0.2, gate.open.set).start()
        queue.close(5)
        assert first.answer.result(5) == "first"
        with pytest.raises(CancelledError):
            waiting.answer.result(5)
        assert released == ["waiting"]
        with pytest.raises(QueueFullError):
            queue.submit([job("late")[0]])
