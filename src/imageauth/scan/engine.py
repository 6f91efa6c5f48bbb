"""The scan itself: inputs in, rows out, each input once, in order, whatever dies on the way."""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from imageauth.report import Failure
from imageauth.scan.crew import Crew, Event
from imageauth.scan.items import Item, Nowhere, item_of
from imageauth.scan.ledger import Ledger
from imageauth.scan.rows import Row, copied, row_of
from imageauth.scan.worker import Read

# Images that a worker gets at a time: few at first, so that the first rows come soon.
_MOST_ITEMS, _MOST_BYTES = 64, 8 * 2**20
_UNKNOWN_BYTES = 2**20
# Tasks that one worker has before it, and finished ones that wait for an earlier one to be written.
_AHEAD, _WINDOW = 2, 8
# Deaths of workers that had nothing but one image before them, until that image is to blame.
_DEATHS = 2


@dataclass(slots=True, eq=False)
class _Slot:
    """One input on its way.

    Attributes:
        item: the input.
        read: what reading it told.
        original: its bytes are those of an earlier input.
        row: its row.
        deaths: of workers that had it alone.
    """

    item: Item
    read: Read | None = None
    original: bool = False
    row: Row | None = None
    deaths: int = 0

    def settle(self, row: Row) -> None:
        """It has its row; the bytes that it may hold are needed no more."""
        self.row = row
        self.item = replace(self.item, source=Nowhere())


@dataclass(slots=True, eq=False)
class _Task:
    """What one worker was sent.

    Attributes:
        slots: it has to see to.
        alone: nothing else is sent to that worker meanwhile.
        worker: that has it.
        wanted: those of the slots that it checks, once that is decided.
    """

    slots: list[_Slot]
    alone: bool = False
    worker: int = -1
    wanted: list[_Slot] = field(default_factory=list)


class Engine:
    """Runs a scan with a crew of workers. Rows come in the order of the inputs, however many workers there are."""

    def __init__(self, crew: Crew, ledger: Ledger) -> None:
        """Get ready.

        Args:
            crew: that reads and checks.
            ledger: that rows go to.
        """
        self._crew, self._ledger = crew, ledger
        self._order: deque[_Slot] = deque()  # not written yet
        self._undecided: deque[int] = deque()  # tasks, in order
        self._tasks: dict[int, _Task] = {}
        self._again: deque[_Task] = deque()
        self._checking: set[bytes] = set()  # contents that some worker has, and that are not written yet
        self._number = 0
        self._size = 1

    def run(self, items: Iterable[Item | Failure]) -> None:
        """Check all inputs. Whatever ends it early, what was added is committed first.

        Args:
            items: with stable names; those that come twice count once. A :class:`~imageauth.report.Failure` gets its
                row too.

        Raises:
            ImageAuthError: a worker cannot check at all.
            OSError: the results cannot be written.
        """
        source = iter(items)
        try:
            more = True
            while more or self._order:
                self._feed_again()
                more = more and self._feed(source)
                if self._tasks:
                    for event in self._crew.events(self._ledger.interval):
                        self._hear(event)
                self._write()
        finally:
            self._ledger.commit()

    def _feed_again(self) -> None:
        """Give what was lost to workers that have nothing else."""
        for worker in range(len(self._crew)):
            if self._again and not self._of(worker):
                self._send(worker, self._again.popleft())

    def _feed(self, source: Iterator[Item | Failure]) -> bool:
        """Give the workers what they have room for; False when there are no more inputs."""
        while not self._again:
            room = [w for w in range(len(self._crew)) if len(self._of(w)) < _AHEAD and not self._is_alone(w)]
            if not room or len(self._order) >= _WINDOW * len(self._crew) * self._size:
                return True
            slots = self._next(source)
            if slots is None:
                return False
            waiting = [slot for slot in slots if not slot.row]
            self._order.extend(slots)
            if waiting:
                worker = min(room, key=lambda w: len(self._of(w)))
                number = self._send(worker, _Task(waiting))
                self._undecided.append(number)
        return True

    def _next(self, source: Iterator[Item | Failure]) -> list[_Slot] | None:
        """The next few inputs that need to be checked; None when there are no more."""
        slots: list[_Slot] = []
        weight = 0
        for found in source:
            item = item_of(found)
            if not self._ledger.take(item):
                continue
            slots.append(_Slot(item, row=row_of(item, found) if isinstance(found, Failure) else None))
            weight += _UNKNOWN_BYTES if item.size is None else item.size
            if len(slots) >= self._size or weight >= _MOST_BYTES:
                break
        else:
            if not slots:
                return None
        if self._number >= len(self._crew):
            self._size = min(_MOST_ITEMS, self._size * 2)
        return slots

    def _of(self, worker: int) -> list[int]:
        return [number for number, task in self._tasks.items() if task.worker == worker]

    def _is_alone(self, worker: int) -> bool:
        return any(self._tasks[number].alone for number in self._of(worker))

    def _send(self, worker: int, task: _Task) -> int:
        self._number += 1
        task.worker = worker
        self._tasks[self._number] = task
        self._crew.send(worker, "read", self._number, [slot.item for slot in task.slots])
        return self._number

    def _hear(self, event: Event) -> None:
        if event.kind == "error":
            raise event.content[0]
        if event.kind == "lost":
            for number in self._of(event.worker):
                self._retry(self._tasks.pop(number))
                if number in self._undecided:
                    self._undecided.remove(number)
        elif event.kind == "read":
            task = self._tasks[event.task]
            for slot, read in zip(task.slots, event.content, strict=True):
                slot.read = read
                if read.failure:
                    slot.settle(row_of(slot.item, read.failure))
            if task.alone:
                self._decide(event.task)
        else:
            task = self._tasks.pop(event.task)
            for slot, row in zip(task.wanted, event.content, strict=True):
                slot.settle(row)
                if slot.read and slot.read.sidecar_sha256 and "error" not in row:
                    row["sidecar_sha256"] = slot.read.sidecar_sha256
        # In order, so that of equal files the first is the original, whichever worker is faster.
        while self._undecided and all(slot.read for slot in self._tasks[self._undecided[0]].slots):
            self._decide(self._undecided.popleft())

    def _decide(self, number: int) -> None:
        """Have those checked whose bytes were not seen before."""
        task = self._tasks[number]
        for slot in task.slots:
            content = slot.read.content if slot.read else None
            if content is None:
                continue
            if (content in self._checking and not task.alone) or self._ledger.has(content):
                slot.original = True
            else:
                self._checking.add(content)
                task.wanted.append(slot)
        self._crew.send(task.worker, "check", number, [slot in task.wanted for slot in task.slots])

    def _retry(self, task: _Task) -> None:
        """After its worker's death: one image at a time, and whoever ends another worker alone is to blame."""
        for slot in task.slots:
            if slot.row or slot.original:
                continue
            slot.deaths += task.alone
            if slot.deaths >= _DEATHS:
                reason = "checking it ended the process that did so, twice (out of memory, or a fault in a decoder)"
                slot.settle(row_of(slot.item, Failure(slot.item.name, "crashed", reason)))
            else:
                self._again.append(_Task([slot], alone=True))

    def _write(self) -> None:
        """Write what is ready, as far as everything before it is."""
        ready: list[tuple[_Slot, Row]] = []
        while self._order and (self._order[0].row or self._order[0].original):
            slot = self._order[0]
            if slot.original:
                self._add(ready)  # the original may be among them
                ready = []
                row = self._copy(slot)
                if row is None:
                    break
                slot.settle(row)
            self._order.popleft()
            assert slot.row is not None
            ready.append((slot, slot.row))
        self._add(ready)
        self._ledger.commit(due=True)

    def _copy(self, slot: _Slot) -> Row | None:
        """The row of a duplicate; None where its original turned out to be none, and it is sent out itself."""
        content = slot.read.content if slot.read else None
        assert content, "a copy was read"
        if original := self._ledger.original(content):
            return copied(original, slot.item.name, slot.item.size, slot.item.modified)
        slot.original = False
        self._again.append(_Task([slot], alone=True))
        return None

    def _add(self, ready: list[tuple[_Slot, Row]]) -> None:
        self._ledger.add([row for _, row in ready])
        for slot, _ in ready:
            if slot.read and slot.read.content:
                self._checking.discard(slot.read.content)
