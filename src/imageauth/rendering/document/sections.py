"""The parts of a document about one picture, and those about all of it."""

import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from imageauth import __version__
from imageauth.models import AUTO
from imageauth.perceptual_hash import NAME
from imageauth.pixels.card import Card
from imageauth.pixels.choice import Models
from imageauth.rendering.document.blocks import (
    Block,
    Cell,
    Chance,
    Code,
    Facts,
    Figure,
    Heading,
    Items,
    Paragraph,
    Shown,
    Table,
    Verdict,
)
from imageauth.rendering.document.contents import ATTACHMENT, ELEMENT, Contents, Entry, Picture
from imageauth.rendering.document.details import detail_rows
from imageauth.rendering.document.drawings import ai_strokes
from imageauth.rendering.document.rates import rates
from imageauth.rendering.document.text import shortened, shown
from imageauth.rendering.document.words import Words
from imageauth.report import NO_PIXELS, Evidence, Report
from imageauth.report import Verdict as Decided
from imageauth.verdict import NOTHING_DECIDES, UNSTABLE

_STABILITY = ("stability-held", UNSTABLE)
_CANNOT = ("truth", "who", "mark", "accuse")
_GLOSSARY = ("probability", "heatmap", "stability", "strength", "policy", "trust", "sha256", "perceptual", "escapes")
_MOST_COMMAND, _MOST_FINDINGS = 4000, 100
# Of a model that is not a shipped one; only its owner knows where it lies.
_FOLDER = " --model MODEL"


def headline(report: Report, words: Words) -> str:
    """The verdict in words. Some rules say it of a part of the picture only."""
    part = f"verdict.{report.verdict}.part"
    return words.page(part if report.reason.endswith("-part") and words.page_has(part) else f"verdict.{report.verdict}")


def verdict(report: Report, level: int, words: Words) -> Block:
    """The answer and its reason. A rule that has no words is told in the report's own."""
    key = f"reason.{report.reason}"
    lead = words.page(key) if words.page_has(key) else shown(report.summary)
    code = f"{report.verdict} · {shown(report.reason)}"
    return Verdict(str(report.verdict), headline(report, words), code, lead, level=level)


def pictures(entry: Entry, report: Report, level: int, words: Words) -> Iterator[Block]:
    """The picture, and where in it the evidence sits."""
    yield Heading(level, words.t("picture"))
    if not entry.preview:
        yield Paragraph(words.t("picture.none"))
        return
    name = shown(shortened(report.file, 120))
    by = entry.preview.width - report.width
    key = "picture.caption.enlarged" if by > 0 else "picture.caption" if by < 0 else "picture.caption.same"
    caption = _sized(key, entry.preview, name, words)
    figure = [Shown(entry.preview, words.page("picture.alt", name=name), caption)]
    if not entry.heat:
        yield Figure(figure)
        yield Paragraph(words.t("heatmap.none"), soft=True)
        return
    figure.append(Shown(entry.heat.over, words.t("heatmap.alt"), words.t("heatmap.caption")))
    yield Figure(figure, scale=(words.t("legend.real"), words.t("legend.ai")))
    strongest = words.t("heatmap.scale", strongest=f"±{entry.heat.strongest:.2f}")
    yield Paragraph(f"{words.page('heatmap.about')} {strongest}", soft=True)


def _sized(key: str, picture: Picture, name: str, words: Words) -> str:
    return words.t(key, file=name, width=str(picture.width), height=str(picture.height))


def chance(report: Report, contents: Contents, level: int, words: Words) -> Iterator[Block]:
    """What the pixels say, what that number means, and how often such answers are wrong."""
    yield Heading(level, words.page("chance.title"))
    found = _pixels(report)
    thresholds = found.detail.get("thresholds") if found else None
    probability = report.probability
    if not found or not thresholds or probability is None:
        yield Paragraph(words.t("chance.none"))
    else:
        real, ai = (float(value) for value in thresholds)
        values = {"real": f"{100 * real:.0f}", "ai": f"{100 * ai:.0f}"}
        zone = "ai" if probability >= ai else "real" if probability <= real else "between"
        said = words.page("chance.said", count_of_100=words.of_hundred(probability))
        yield Paragraph(f"{said} {words.page(f'chance.zone.{zone}', **values)}")
        count = ai_strokes(probability)
        alt = words.t("chance.alt", ai=count, real=100 - count, low=values["real"], high=values["ai"])
        yield Chance(probability, real, ai, alt)
        numbers = {"probability": f"{probability:.4f}", "low": f"{real:.4f}", "high": f"{ai:.4f}"}
        sentences = [words.t("chance.figures", **numbers), words.page("chance.half")]
        if any(item.code == UNSTABLE for item in report.evidence):
            sentences.append(words.page("chance.unstable"))
        if not _by_pixels(report):
            sentences.append(words.page("chance.outweighed"))
        yield Paragraph(" ".join(sentences), soft=True)
    looked = contents.models.get(report.produced_by.get("model_sha256") or "")
    if looked and found:
        yield from rates(looked, found, contents.policy, level, words)


def _pixels(report: Report) -> Evidence | None:
    """What the model answered."""
    return next((item for item in report.evidence if item.source == "pixels" and "in_domain" in item.detail), None)


def _by_pixels(report: Report) -> bool:
    """Whether the pixels have the last word in the rule that decided; in all others something weighs more."""
    return report.reason.startswith(("statistics", "pixels")) or report.reason == NOTHING_DECIDES


def stability(report: Report, level: int, words: Words) -> Iterator[Block]:
    """The answer under harmless changes."""
    found = next((item for item in report.evidence if item.code in _STABILITY), None)
    title = words.t("stability")
    yield Heading(level, title)
    if not found:
        yield Paragraph(words.t("stability.none"))
        return
    yield Paragraph(shown(found.finding))
    threshold = float(found.detail["threshold"])
    heads = [words.t("stability.change"), words.t("stability.probability")]
    heads.append(words.t("stability.side", threshold=f"{threshold:.4f}"))
    rows = []
    for name, value in found.detail["probabilities"].items():
        key = f"stability.{name}"
        change = (
            words.t(key)
            if words.has(key)
            else words.page(f"change.{name}")
            if words.page_has(f"change.{name}")
            else name
        )
        side = "ai" if value >= threshold else "real"
        rows.append(
            [Cell(shown(change)), Cell(f"{value:.4f}", number=True), Cell(words.t(f"stability.{side}"), shape=side)]
        )
    yield Table(title, heads, rows, (0.5, 0.2, 0.3))


def evidence(report: Report, level: int, words: Words) -> Iterator[Block]:
    """All findings, with all their detail."""
    yield Heading(level, words.page("evidence.title"))
    if not report.evidence:
        yield Paragraph(words.page("evidence.none"))
    for item in report.evidence[:_MOST_FINDINGS]:
        source = words.page(f"source-of.{item.source}") if words.page_has(f"source-of.{item.source}") else item.source
        pointing = f"points.{item.points_to}.{item.strength}"
        if not words.page_has(pointing):
            pointing = f"points.{item.points_to}.none"
        yield Heading(level + 1, f"{shown(source)}: {words.page(pointing)}", shape=item.points_to)
        yield Paragraph(shown(item.finding))
        rows, left_out = detail_rows(item.detail, words)
        yield Paragraph(words.t("evidence.code", code=shown(item.code)), soft=True, kept=bool(rows))
        if rows:
            heads = [words.t("detail.name"), words.t("detail.value")]
            yield Table(f"{shown(source)}: {shown(item.code)}", heads, rows, (0.32, 0.68))
        if left_out:
            yield Paragraph(words.t("detail.more", count=left_out), soft=True)
    if (more := len(report.evidence) - _MOST_FINDINGS) > 0:
        yield Paragraph(words.t("findings.more", count=more))


def limits(report: Report, level: int, words: Words) -> Iterator[Block]:
    """What this answer cannot tell."""
    yield Heading(level, words.page("limits.title"))
    yield Items([shown(limit) for limit in report.limits])


def identity(entry: Entry, level: int, words: Words) -> Iterator[Block]:
    """What tells the file from all others."""
    answer, known = entry.answer, entry.identity
    rows = [(words.t("identity.name"), [Cell(shown(answer.file))])]
    if isinstance(answer, Report):
        size = {"format": answer.format.upper(), "width": str(answer.width), "height": str(answer.height)}
        rows.append((words.t("identity.format"), [Cell(words.t("identity.pixels", **size))]))
    if known:
        rows.append((words.t("identity.bytes"), [Cell(f"{known.bytes:,}")]))
        rows.append((words.t("identity.sha256"), [Cell(known.sha256, code=True)]))
        if known.perceptual_hash:
            rows.append((words.t("identity.perceptual"), [Cell(known.perceptual_hash, code=True), Cell(NAME)]))
        else:
            rows.append((words.t("identity.perceptual"), [Cell(words.t("identity.perceptual.none"))]))
    yield Heading(level, words.t("identity"))
    yield Facts(rows)


def general(contents: Contents, words: Words) -> Iterator[Block]:
    """What holds for the whole document."""
    yield Heading(3, words.page("cannot.title"))
    yield Items([words.page(f"cannot.{key}") for key in _CANNOT])
    yield Heading(3, words.t("run"))
    yield Facts(list(_run(contents, words)))
    yield from _repeat(contents, words)
    yield from _glossary(contents, words)


def _run(contents: Contents, words: Words) -> Iterator[tuple[str, list[Cell]]]:
    yield words.t("run.program"), [Cell(f"imageauth {__version__}")]
    yield words.t("run.made"), [Cell(contents.shown_time)]
    if contents.command is None:
        yield words.t("run.command"), [Cell(words.t("run.no-command"))]
    else:
        yield words.t("run.command"), [Cell(_command(contents), code=True)]
    for looked in contents.models.values():
        at = looked.card.thresholds
        values = {"real": f"{at.real:.4f}", "ai": f"{at.ai:.4f}", "decision": f"{at.decision:.4f}"}
        yield words.t("run.model"), [Cell(shown(f"{looked.card.name} {looked.card.version}"))]
        yield words.t("run.weights"), [Cell(shown(looked.card.sha256), code=True)]
        yield words.t("run.thresholds"), [Cell(words.t("run.thresholds.are", **values))]
    if not contents.models:
        yield words.t("run.model"), [Cell(words.t("run.no-model"))]
    yield words.t("run.policy"), [Cell(shown(contents.policy.name))]
    if contents.policy.sha256:
        yield words.t("run.policy.sha256"), [Cell(contents.policy.sha256, code=True)]
    plugins = _plugins(contents)
    if plugins:
        yield words.page("produced.plugins"), [Cell(shown(each)) for each in plugins]
    deciding = sorted(source for source in contents.policy.deciding if source != "plugin" or plugins)
    sources = [words.page(f"source-of.{source}") for source in deciding]
    yield words.t("run.decides"), [Cell(", ".join(sources) or "–")]
    lists = [Cell(_trust_list(item, words)) for item in contents.trust]
    yield words.t("run.trust"), lists or [Cell(words.t("run.trust.none"))]


def _plugins(contents: Contents) -> list[str]:
    """Packages whose evidence sources were asked."""
    made = (report.produced_by for report in _reports(contents))
    return sorted({str(each["plugins"]) for each in made if each.get("plugins")})


def _reports(contents: Contents) -> list[Report]:
    return [entry.answer for entry in contents.entries if isinstance(entry.answer, Report)]


def _trust_list(item: Mapping[str, Any], words: Words) -> str:
    values = {key: shown(str(item.get(key, "–"))) for key in ("title", "entries", "fetched", "sha256")}
    return words.t("run.trust.list", **values)


def _command(contents: Contents, *more: str) -> str:
    line = shlex.join([*(contents.command or ()), *more])
    return shown(shortened(line, _MOST_COMMAND))


def _repeat(contents: Contents, words: Words) -> Iterator[Block]:
    yield Heading(3, words.t("repeat"))
    yield Paragraph(words.t("repeat.file"))
    hashes = [entry.identity.sha256 for entry in contents.entries if entry.identity]
    yield Code(f"sha256sum IMAGE   # {hashes[0]}" if len(hashes) == 1 else "sha256sum IMAGE")
    yield Paragraph(words.t("repeat.verify", version=__version__))
    model = _model(contents)
    yield Code("imageauth verify-report REPORT IMAGE" + (model if model == _FOLDER else ""))
    yield Paragraph(words.t("repeat.check"))
    policy = " --policy POLICY.toml" if contents.policy.sha256 else ""
    pixels = " --no-pixels" if any(NO_PIXELS in report.limits for report in _reports(contents)) else ""
    yield Code(f"imageauth check IMAGE --explain{pixels}{model}{policy}")
    if contents.command is not None and not any(f"{word}=".startswith("--time=") for word in contents.command):
        yield Paragraph(words.t("repeat.time"))
        yield Code(_command(contents, "--time", contents.time))
    yield Paragraph(words.t("repeat.json", element=ELEMENT, attachment=ATTACHMENT))


def _model(contents: Contents) -> str:
    """The option that names the model, where ``auto`` would have chosen another one."""
    auto = Models(AUTO)
    for report in _reports(contents):
        looked = contents.models.get(report.produced_by.get("model_sha256") or "")
        if not looked:
            continue
        chosen = auto.made_for(report.width, report.height)
        if chosen is None or _called(chosen.card) != _called(looked.card):
            shipped = {_called(model.card) for model in auto.all}
            return f" --model {shlex.quote(looked.card.name)}" if _called(looked.card) in shipped else _FOLDER
    return ""


def _called(card: Card) -> tuple[str, str, str]:
    return card.name, card.version, card.sha256


def _glossary(contents: Contents, words: Words) -> Iterator[Block]:
    yield Heading(3, words.t("glossary"))
    rows = [(words.t("glossary.verdict"), [Cell(words.t("glossary.verdict.means"))])]
    for each in Decided:
        text = f"{words.page(f'verdict.{each}')} ({each}). {words.page(f'meaning.{each}')}"
        rows[0][1].append(Cell(text, shape=str(each)))
    rows += [(words.t(f"glossary.{key}"), [Cell(words.t(f"glossary.{key}.means"))]) for key in _GLOSSARY]
    rows += [
        (words.page(f"source-of.{source}"), [Cell(words.page(f"about.{source}"))])
        for source in ("pixels", "credentials", "metadata", "watermark", *(["plugin"] if _plugins(contents) else []))
    ]
    yield Facts(rows)
