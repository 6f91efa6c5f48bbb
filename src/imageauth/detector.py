"""The detector: holds a loaded model, asks every evidence source, applies the policy."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import numpy as np
import numpy.typing as npt

from imageauth import __version__
from imageauth.errors import ImageAuthError, ImageError
from imageauth.imagefile import ImageFile
from imageauth.images import Image, decode, examine, read_bytes, read_sidecar, read_stream
from imageauth.models import AUTO
from imageauth.pixels.card import Card, Thresholds
from imageauth.pixels.choice import Models
from imageauth.pixels.condition import Measures, conditions_of
from imageauth.pixels.evidence import pixel_evidence, stability_evidence
from imageauth.pixels.model import PixelModel
from imageauth.pixels.network import usable_cores
from imageauth.pixels.views import Views
from imageauth.plugins import labels
from imageauth.provenance.plugin_sources import PluginSource, plugin_sources
from imageauth.provenance.sources import ask, file_sources
from imageauth.provenance.trust import TrustLists
from imageauth.provenance.trust import load as load_trust
from imageauth.report import NO_PIXELS, Evidence, Failure, Report
from imageauth.verdict import NOTHING_DECIDES, STANDARD, Policy, decide

_T = TypeVar("_T")
PathLike = str | os.PathLike[str]


@dataclass(frozen=True, slots=True, eq=False)
class FileBytes:
    """A file that was read already.

    Attributes:
        data: its bytes.
        sidecar: of the Content Credentials beside it, if there are any.
    """

    data: bytes
    sidecar: bytes | None = None


Input = PathLike | bytes | FileBytes | BinaryIO

_ALWAYS_TRUE = ("A missing mark or credential is no sign of a real photograph.",)
_BY_STRENGTH = {
    "proof": "A signature shows who vouches for this, not that they are right.",
    "declared": "Anyone can write what a file says of itself; weigh it with where the image comes from.",
    "statistical": "This is a measurement with known error rates, not proof; weigh it with where the image comes from.",
}
# Bytes of views that one batch holds, and that wait for their turn in check_many: of photo some 1.5 MB a picture. More
# than in a server's queue (see server/batching.py), where many wait for one picture each and memory is shared.
_BATCH_BYTES = 12 * 2**20
_AHEAD_BYTES = 48 * 2**20
_PLUGINS = ("What a plug-in says is as good as the package that it comes from; imageauth did not measure it.",)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """All that is kept of an image once it was decoded: small, whatever the image's size.

    Attributes:
        name: what its report will call it.
        sha256: of the file, hexadecimal.
        format: as in :class:`imageauth.images.ImageFile`; so are ``width``, ``height`` and ``notes``.
        evidence: of the sources that look at the file.
        seen: what there is for a model to look at; None where no model looks.
    """

    name: str
    sha256: str
    format: str
    width: int
    height: int
    notes: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    seen: "_Seen | None"

    @property
    def bytes(self) -> int:
        """Of its views."""
        return self.seen.views.pixels.nbytes if self.seen else 0


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What there is for a model to look at.

    Attributes:
        model: that looks.
        views: what it looks at.
        measures: of the picture's condition; None where the model's card asks for none.
    """

    model: PixelModel
    views: Views
    measures: Measures | None


@dataclass(frozen=True, slots=True)
class _Opinion:
    """What a model says of one image.

    Attributes:
        probability: calibrated.
        by_variant: the same of the image as it is and under each variant.
        unfamiliarity: how unlike the measured images it is.
        said: all that the network says of its views, float64 [V, C].
    """

    probability: float
    by_variant: Sequence[float]
    unfamiliarity: float
    said: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A report, and what a heatmap can be drawn from.

    Attributes:
        report: of the image.
    """

    report: Report
    _seen: _Seen | None
    _said: npt.NDArray[np.float64] | None

    def heatmap(self) -> npt.NDArray[np.float64] | None:
        """Where in the picture the evidence of its pixels sits, as in :class:`Explanation`."""
        if self._seen is None or self._said is None or self.report.probability is None:
            return None
        return self._seen.model.heatmap_of(self._seen.views, self._said)


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """A report, and where in the picture its pixel evidence sits.

    Attributes:
        report: as :meth:`Detector.check` gives it.
        pixels: the decoded picture, uint8 [H, W, 3] sRGB, upright; None where it was not decoded.
        heatmap: as :meth:`imageauth.pixels.model.PixelModel.heatmap` gives it, float64 [h, w]; None where the pixels
            answered nothing: without a model, or outside its domain.
    """

    report: Report
    pixels: npt.NDArray[np.uint8] | None
    heatmap: npt.NDArray[np.float64] | None


class Detector:
    """Checks images. Load it once; every method may be called from any thread.

    Attributes:
        policy: what may decide, and from which probabilities.
        trust: lists of signers that credentials are checked against.
        plugins: packages, with their versions, whose evidence sources are asked; None where there are none.

    >>> detector = Detector()
    >>> detector.check("picture.jpg").verdict
    <Verdict.INCONCLUSIVE: 'inconclusive'>
    """

    def __init__(
        self,
        model: str | Path | None = AUTO,
        *,
        threads: int | None = None,
        policy: Policy = STANDARD,
        trust: TrustLists | None = None,
        online: bool = False,
        decoded: Callable[[str, npt.NDArray[np.uint8]], None] | None = None,
    ) -> None:
        """Load a model, or get ready to.

        Args:
            model: ``auto``: each picture is looked at by the shipped model made for its size, loaded when first needed;
                or a shipped model's name, or a model folder, for all pictures; or None to leave the pixels alone: then
                they are not even decoded, and only what the file says counts.
            threads: processor threads to use; default: all usable cores.
            policy: what may decide, and from which probabilities; see :func:`imageauth.policy.read_policy`.
            trust: lists of signers that credentials are checked against; default: those in the user's data folder.
            online: fetch credentials that lie elsewhere, where a file names their address. Otherwise nothing is
                ever fetched.
            decoded: called with the name and the pixels (uint8 [H, W, 3]) of each picture that was decoded, by the
                thread that did so.

        Raises:
            ModelError: the model is unknown, incomplete or damaged. With ``auto`` damaged weights show themselves when
                they are first needed, by the same error.
            ImageAuthError: the policy does not fit a model, or the lists of signers are damaged.
        """
        self._threads = threads or usable_cores()
        self._models = Models(model, threads=self._threads, thresholds=lambda card: _under(policy, card))
        self.policy = policy
        self.trust = load_trust() if trust is None else trust
        found = plugin_sources()
        self.plugins = labels(found)
        self._sources = file_sources(trust=self.trust, online=online)
        self._sources |= {str(plugin): PluginSource(plugin) for plugin in found}
        self._decoded = decoded
        # For one picture at a time: its parts on all cores. Many pictures keep the cores busy by themselves. What runs
        # here waits for nothing else that runs here.
        self._aside = ThreadPoolExecutor(self._threads, "imageauth-aside") if self._threads > 1 else None

    def check(self, source: Input, *, name: str | None = None) -> Report:
        """Check one image.

        Args:
            source: a path, a file's bytes, or a binary stream.
            name: what the report calls it; default: the path, or ``bytes``.

        Raises:
            ImageError: it cannot be checked; ``code`` says why.
        """
        return self.answer([self.prepare(source, name=name, alone=True)])[0].report

    def explain(self, source: Input, *, name: str | None = None) -> Explanation:
        """Check one image, and say where in it the evidence of the pixels sits.

        Args:
            source, name: as for :meth:`check`.

        Raises:
            ImageError: it cannot be checked; ``code`` says why.
        """
        image, evidence = self._read(source)
        (answer,) = self.answer([self._keep(image, evidence, name_of(source, name), self._aside)])
        return Explanation(answer.report, image.pixels, answer.heatmap())

    def prepare(
        self,
        source: Input,
        *,
        name: str | None = None,
        seen: Callable[[ImageFile], None] | None = None,
        alone: bool = False,
    ) -> Prepared:
        """The first half of :meth:`check`: read and decode one image, and ask what looks at the file. A caller that has
        threads of its own runs it in several of them while :meth:`answer` works in another, as :meth:`check_many` does.

        Args:
            source, name: as for :meth:`check`.
            seen: called with the image, by this thread, before its pixels are let go.
            alone: no other picture is prepared meanwhile, so that this one may have all cores.

        Raises:
            ImageError: it cannot be checked; ``code`` says why.
        """
        image, evidence = self._read(source)
        if seen:
            seen(image)
        return self._keep(image, evidence, name_of(source, name), self._aside if alone else None)

    def answer(self, images: Sequence[Prepared]) -> list[Answer]:
        """The second half: each model is asked once about all the images that it looks at, and the policy decides.

        Args:
            images: as :meth:`prepare` gave them.

        Raises:
            ModelError: weights had not been read yet, and cannot be.
        """
        opinions = _ask(images)
        answers = []
        for index, image in enumerate(images):
            opinion = opinions.get(index)
            answers.append(Answer(self._report(image, opinion), image.seen, opinion.said if opinion else None))
        return answers

    @property
    def models(self) -> Sequence[PixelModel]:
        """Those that look at pictures, each for its sizes; none where the pixels are left alone."""
        return self._models.all

    def warm_up(self) -> None:
        """Load what would otherwise be loaded by the first picture, and let each model look at a grey one.

        Raises:
            ModelError: weights cannot be read.
        """
        for model in self.models:
            side = model.card.domain.short_side[0]
            model.scores([np.full((side, side, 3), 128, np.uint8)])

    def check_many(
        self, sources: Iterable[Input | Failure], *, names: Iterable[str] | None = None, batch_size: int = 64
    ) -> Iterator[Report | Failure]:
        """Check images lazily and yield their answers in order; a bad one yields a :class:`Failure` and the rest go on.

        Files are read and decoded on all cores while the network works on the batch before. Only a few batches are
        looked ahead, and of a decoded image only its small views are kept, so memory does not grow with the input.

        Args:
            sources: paths, bytes or binary streams; a :class:`Failure` is passed through in its place.
            names: what the reports call them, in the same order.
            batch_size: images that the network sees at a time.
        """
        pairs = iter(zip(sources, names, strict=True) if names is not None else ((source, None) for source in sources))
        pool = ThreadPoolExecutor(self._threads, thread_name_prefix="imageauth-decode")
        waiting: deque[Future[Prepared | Failure]] = deque()
        heaviest = self._models.most_bytes  # of one picture's views: until some were seen, the most that it can be
        try:
            while True:
                ahead = max(2 * self._threads, min(3 * batch_size, _AHEAD_BYTES // max(1, heaviest)))
                for source, name in islice(pairs, max(0, ahead - len(waiting))):
                    waiting.append(pool.submit(self._attempt, source, name))
                if not waiting:
                    return
                # Whatever is ready goes on at once: slow files should not hold back the answers to others.
                batch = [waiting.popleft().result()]
                while waiting and waiting[0].done() and len(batch) < batch_size and _weight(batch) < _BATCH_BYTES:
                    batch.append(waiting.popleft().result())
                heaviest = _weight(batch) // len(batch)
                answers = iter(self.answer([item for item in batch if isinstance(item, Prepared)]))
                for item in batch:
                    yield item if isinstance(item, Failure) else next(answers).report
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _attempt(self, source: Input | Failure, name: str | None) -> Prepared | Failure:
        if isinstance(source, Failure):
            return source
        try:
            return self.prepare(source, name=name)
        except (ImageError, MemoryError) as error:
            return failure_of(name_of(source, name), error)

    def _read(self, source: Input) -> tuple[ImageFile, tuple[Evidence, ...] | None]:
        """An image, decoded if there is a model to look at its pixels; and what the sources say that look at the file,
        None where they were not asked yet.

        A picture that cannot be decoded (tiny, huge, damaged, a drawing) is an error, unless what the file says of
        itself decides: that would be lost.
        """
        file = file_bytes(source)
        data, sidecar = file.data, file.sidecar
        if not self._models:
            return examine(data, sidecar=sidecar), None
        try:
            return decode(data, sidecar=sidecar), None
        except ImageError as error:
            try:
                header = examine(data, sidecar=sidecar)
            except ImageError:
                raise error from None
            evidence = ask(header, self._sources)
            if decide(evidence, self.policy).reason == NOTHING_DECIDES:
                raise
            note = f"The pixels could not be looked at: the picture {error}."
            return replace(header, notes=(*header.notes, note)), evidence

    def _keep(
        self, image: ImageFile, evidence: tuple[Evidence, ...] | None, name: str, aside: Executor | None = None
    ) -> Prepared:
        """Keep of an image what the network and the report need.

        Args:
            image, evidence: as :meth:`_read` gave them.
            name: of the image.
            aside: runs parts of the work; default: this thread does all of it.
        """
        asked = _begun(aside, ask, image, self._sources) if evidence is None else partial(tuple, evidence)
        model = self._models.made_for(image.width, image.height)
        seen = None
        if model and isinstance(image, Image):
            measured = _begun(aside, Measures.of, image) if model.card.conditions else lambda: None
            views = model.views(image.pixels, lossless=image.lossless, aside=aside)
            seen = _Seen(model, views, measured())
        if self._decoded and image.pixels is not None:
            self._decoded(name, image.pixels)
        return Prepared(name, image.sha256, image.format, image.width, image.height, image.notes, asked(), seen)

    def _report(self, image: Prepared, answer: _Opinion | None) -> Report:
        evidence = image.evidence
        probability = answer.probability if answer else None
        card, outside = image.seen.model.card if image.seen else None, None
        limits: tuple[str, ...] = () if self._models else (NO_PIXELS,)
        if image.seen and card and answer:
            views, kinds = image.seen.views, card.answers.kinds_of(answer.said[: image.seen.views.counts[0]])
            outside = card.domain.outside(image.width, image.height, views.contrast, answer.unfamiliarity)
            if card.layout.variants and not outside:
                evidence = (stability_evidence(card, answer.by_variant), *evidence)
            evidence = (pixel_evidence(card, answer.probability, outside, kinds), *evidence)
            if not outside:
                measures = image.seen.measures
                applying = conditions_of(card.conditions, measures, kinds) if measures else ()
                limits = (*applying, *card.limits)
        decision = decide(evidence, self.policy)
        return Report(
            file=image.name,
            sha256=image.sha256,
            format=image.format,
            width=image.width,
            height=image.height,
            verdict=decision.verdict,
            reason=decision.reason,
            probability=None if probability is None or outside else round(probability, 4),
            summary=decision.summary,
            evidence=evidence,
            limits=(
                *image.notes,
                *limits,
                *_ALWAYS_TRUE,
                *(_PLUGINS if any(item.source == "plugin" and item.points_to != "none" for item in evidence) else ()),
                *(text for strength, text in _BY_STRENGTH.items() if strength in decision.strengths),
            ),
            produced_by={
                "imageauth": __version__,
                "model": f"{card.name} {card.version}" if card else None,
                "model_sha256": card.sha256 if card else None,
                "policy": self.policy.name,
                "policy_sha256": self.policy.sha256,
                **({"plugins": self.plugins} if self.plugins else {}),
            },
        )


def check(source: Input, *, model: str | Path | None = AUTO) -> Report:
    """Check one image with a model that is loaded on first use and kept.

    Args:
        source: a path, or a file's bytes.
        model: see :class:`Detector`.

    Raises:
        ImageError: the image cannot be checked.
        ModelError: the model cannot be used.
    """
    return _kept(model).check(source)


@lru_cache(maxsize=4)
def _kept(model: str | Path | None) -> Detector:
    return Detector(model)


def failure_of(name: str, error: ImageError | MemoryError) -> Failure:
    """What is said of an image that could not be checked.

    Args:
        name: of the image.
        error: what checking it raised.
    """
    if isinstance(error, ImageError):
        return Failure(name, error.code, str(error))
    return Failure(name, "too-large", "needs more memory than there is")


def _begun(aside: Executor | None, work: Callable[..., _T], *given: Any) -> Callable[[], _T]:
    """What gives the result of work: begun already, or done when it is asked for."""
    return aside.submit(work, *given).result if aside else partial(work, *given)


def _ask(images: Sequence[Prepared]) -> dict[int, _Opinion]:
    """What the models say of a batch, by the place in it; each is asked once, about all the images that it looks at."""
    by_model: dict[PixelModel, list[tuple[int, _Seen]]] = {}
    for index, image in enumerate(images):
        if image.seen:
            by_model.setdefault(image.seen.model, []).append((index, image.seen))
    answers = {}
    for model, looked in by_model.items():
        scores = model.score_views([seen.views for _, seen in looked])
        probabilities = model.card.calibration(np.column_stack([scores.pooled, scores.variants]))
        for at, (index, _) in enumerate(looked):
            p = probabilities[at].tolist()
            answers[index] = _Opinion(p[0], p[1:], float(scores.unfamiliarity[at]), scores.said[at])
    return answers


def _weight(batch: Sequence[Prepared | Failure]) -> int:
    """Bytes of the views in a batch."""
    return sum(item.bytes for item in batch if isinstance(item, Prepared))


def _under(policy: Policy, card: Card) -> Thresholds:
    """A card's thresholds with those that the policy sets.

    Raises:
        ImageAuthError: together they make no sense.
    """
    at = card.thresholds
    ai = at.ai if policy.likely_ai is None else policy.likely_ai
    real = at.real if policy.likely_real is None else policy.likely_real
    if real >= ai:
        reason = f"likely_real {real:g} is not below likely_ai {ai:g}"
        raise ImageAuthError(f"the policy {policy.name!r} does not fit the model {card.name}: {reason}")
    return Thresholds(decision=min(max(at.decision, real), ai), ai=ai, real=real)


def file_bytes(source: Input) -> FileBytes:
    """Read a file, and the credentials beside it.

    Raises:
        ImageError: it cannot be read; ``code`` says why.
    """
    if isinstance(source, FileBytes):
        return source
    if isinstance(source, bytes):
        return FileBytes(source)
    if isinstance(source, str | os.PathLike):
        return FileBytes(read_bytes(source), read_sidecar(source))
    return FileBytes(read_stream(source))


def name_of(source: Input, name: str | None = None) -> str:
    if name is not None:
        return name
    return os.fspath(source) if isinstance(source, str | os.PathLike) else "bytes"
