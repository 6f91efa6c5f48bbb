"""The model card: what a model was measured to do, for people, from measured numbers alone."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from imageauth.evaluation.protocol import Evaluation
from imageauth.files import write_atomically
from imageauth.pixels.card import FILE_NAME, Card
from imageauth.pixels.stability import VARIANTS
from imageauth.training.calibrate import CalibrationResult
from imageauth.training.familiarity import GIVEN_UP

CARD_PAGE = "README.md"
# To give the computing a size that people know. All are assumptions, and the card says so.
WATTS_PER_CORE, WATTS_PER_ACCELERATOR, GRAMS_PER_KWH = 15, 700, 400


def describe(
    folder: Path,
    card: Card,
    result: CalibrationResult,
    evaluation: Evaluation,
    runs: Sequence[Mapping[str, Any]],
    uses: Mapping[str, str],
) -> Card:
    """Put the degradations' figures into ``card.json`` and write the page.

    Args:
        folder: of the model; ``card.json`` in it is replaced.
        card: as the export left it.
        result: of fitting its calibration.
        evaluation: of this model on validation, with degradations.
        runs: ``run.json`` of the trainings behind it, in order; the last one is the network's own.
        uses: heading → text of what cannot be measured: data, intended use.

    Returns:
        The card as written.
    """
    if evaluation.degradations:
        card = replace(card, figures={**card.figures, **_robustness(evaluation)})
    size = (folder / card.file).stat().st_size
    write_atomically(folder / CARD_PAGE, _page(card, result, evaluation, runs, uses, size).encode())
    write_atomically(folder / FILE_NAME, card.to_text().encode())
    return card


def _robustness(evaluation: Evaluation) -> dict[str, Any]:
    degraded = evaluation.degradations
    worst = degraded[str(evaluation.worst_degradation)].figures
    figures = {
        "worst_degradation": evaluation.worst_degradation,
        "worst_degradation_accuracy": worst.balanced_accuracy,
        "mean_degradation_accuracy": float(np.mean([one.figures.balanced_accuracy for one in degraded.values()])),
        "mean_degradation_ece": float(np.mean([one.figures.ece for one in degraded.values()])),
        "jpeg_90_flip_rate": degraded["jpeg-90"].flip_rate,
        "mean_flip_rate": evaluation.flip_rate,
    }
    return {key: round(value, 5) if isinstance(value, float) else value for key, value in figures.items()}


def _page(
    card: Card,
    result: CalibrationResult,
    evaluation: Evaluation,
    runs: Sequence[Mapping[str, Any]],
    uses: Mapping[str, str],
    size: int,
) -> str:
    f, thresholds = card.figures, card.thresholds
    changes = ", ".join(VARIANTS[name][0] for name in card.layout.variants)
    lines = [
        f"# Model card: {card.name} {card.version}",
        "",
        f"For {card.domain.text}. Outside that the verdict is `inconclusive`.",
        "",
        *(line for heading, text in uses.items() for line in (f"**{heading}.** {text}", "")),
        f"**Network.** `{runs[-1]['recipe']['network']}`, {f['parameters']:,} parameters, {size / 1e6:.2f} MB, "
        f"{card.layout.side}×{card.layout.side} input, LiteRT ({f['precision']}), SHA-256 `{card.sha256}`. In float32, "
        f"LiteRT differs from Keras by at most {f['max_difference_from_keras']:.1e} in probability over the whole "
        f"validation split; the form that ships ({f['precision']}) loses {f['accuracy_lost_by_quantising']:.2%} of "
        "accuracy against it.",
        "",
        *(_stability(card, changes) if card.layout.variants else []),
        *(_wear() if "wear" in runs[-1] else []),
        *(_familiarity(f) if "elsewhere_refused" in f else []),
        "## Figures",
        "",
        f"On the {f['validation_images']:,} validation images, which chose {_chosen(runs)}the calibration and the "
        "thresholds; none was trained on. Probabilities of this table and the next are cross-fitted: each image's "
        "comes from a calibration that did not see it. The thresholds did see it"
        + (", and the correction for worn pictures (14 numbers) did" if "wear" in runs[-1] else "")
        + ". These are not test figures.",
        "",
        *_table(("figure", "value"), _headline(f)),
        "## At a chosen risk",
        "",
        "Split-conformal thresholds, cross-fitted: about the risk of either class, and not more in expectation on "
        "images of the same kind, is called the other; what is not called is left undecided. The shipped verdicts use "
        "1 %, and ask that the named class has at least 80 %.",
        "",
        *_table(
            ("risk", "decided", "wrong of those", "real called AI", "AI called real"),
            [
                (f"{risk} %", *(f"{f[f'risk_{risk}_{key}']:.2%}" for key in
                 ("share_decided", "error_on_decided", "real_called_ai", "ai_called_real")))
                for risk in (1, 5)
            ],
        ),
        *_groups(evaluation),
        *_degradations(evaluation),
        "## Heatmaps",
        "",
        "Parts of the picture are covered in turn (occlusion). On validation images, blurring away the tenth that "
        f"speaks most for the answer moves the probability away from it by {f['heatmap_deletion_marked']:.3f} on "
        f"average, a random tenth by {f['heatmap_deletion_random']:.3f}, the tenth of the highest contrast by "
        f"{f['heatmap_deletion_busiest']:.3f}; the marked one beats the random one in "
        f"{f['heatmap_deletion_wins']:.0%}. "
        "A heatmap is as coarse as its 8×8 cells, and shows what moves this network, not what is wrong with a picture.",
        "",
        "## Calibration and thresholds",
        "",
        f"`{card.calibration.method}` had the least held-out log loss:",
        "",
        *_table(
            ("method", "log loss", "ECE", "Brier"),
            [(m, f"{result.log_loss[m]:.5f}", f"{result.ece[m]:.4f}", f"{result.brier[m]:.5f}") for m in result.ece],
        ),
        f"`likely-ai` from a probability of {thresholds.ai:.3f}, `likely-real` up to {thresholds.real:.3f}; between "
        f"them the answer is `inconclusive`. Decision threshold for accuracy: {thresholds.decision:.3f}.",
        "",
        "## Training and its cost",
        "",
        *_cost(runs),
        "## Limits",
        "",
        *(f"- {limit}" for limit in card.limits),
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _chosen(runs: Sequence[Mapping[str, Any]]) -> str:
    return "" if runs[-1]["recipe"].get("resident") else "the best epoch, "


def _headline(f: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [
        ("accuracy at the frozen threshold", f"{f['accuracy']:.2%}"),
        ("… of real images", f"{f['real_accuracy']:.2%}"),
        ("… of AI images", f"{f['fake_accuracy']:.2%}"),
        ("AUROC", f"{f['auroc']:.4f}"),
        ("TPR at 1 % / 5 % FPR", f"{f['tpr_at_fpr_1']:.2%} / {f['tpr_at_fpr_5']:.2%}"),
        ("ECE (15 bins)", f"{f['ece']:.4f}"),
        ("Brier score", f"{f['brier']:.4f}"),
        ("share of images that get a verdict", f"{f['coverage']:.2%}"),
        ("accuracy on those", f"{f['accuracy_on_decided']:.2%}"),
        ("real images called likely-ai", f"{f['real_called_likely_ai']:.2%}"),
        ("AI images called likely-real", f"{f['fake_called_likely_real']:.2%}"),
    ]


def _stability(card: Card, changes: str) -> list[str]:
    return [
        f"**Stability.** Each image is scored as it is and under harmless changes ({changes}); the score is the "
        f"mean of those that lose no detail. Where they disagree the verdict is `inconclusive`: "
        f"{card.figures['unstable']:.2%} of validation images.",
        "",
    ]


def _wear() -> list[str]:
    return [
        "**Worn pictures.** Blur, scaling and repeated compression move answers towards real. One linear layer says "
        "what was done to a picture; a scale and an offset for each kind, fitted on validation images as they are and "
        "degraded at random (alike in both classes), correct the answer.",
        "",
    ]


def _familiarity(f: Mapping[str, Any]) -> list[str]:
    return [
        "**Familiarity.** A second answer of the network says when an image is unlike those that it was measured on; "
        f"the verdict is then `inconclusive`. Its threshold is set so that {GIVEN_UP:.0%} of validation images are "
        f"refused; of {f['elsewhere_thumbnails']:,} thumbnails made of pictures from elsewhere, of sources that did "
        f"not teach it, {f['elsewhere_refused']:.1%} are. (Sources are owners of repositories; generators and cameras "
        "may recur.)",
        "",
    ]


_FINAL = (
    "With the calibration and thresholds that ship, which were fitted on these (clean) images; a correction for wear "
    "was fitted on them as they are and degraded."
)


def _groups(evaluation: Evaluation) -> list[str]:
    if not evaluation.groups:
        return []
    rows = [
        (name, f"{one.n:,}", f"{one.real_accuracy:.2%}", f"{one.fake_accuracy:.2%}", f"{one.auroc:.4f}")
        for name, one in evaluation.groups.items()
    ]
    return ["## By kind of object", "", _FINAL, "", *_table(("kind", "images", "real acc.", "AI acc.", "AUROC"), rows)]


def _degradations(evaluation: Evaluation) -> list[str]:
    if not evaluation.degradations:
        return []
    rows = [
        (
            f"{name} (worst)" if name == evaluation.worst_degradation else name,
            *(f"{value:.2%}" for value in (one.figures.real_accuracy, one.figures.fake_accuracy)),
            f"{one.figures.auroc:.4f}",
            f"{one.figures.ece:.4f}",
            f"{one.flip_rate:.2%}",
            f"{one.figures.coverage:.1%}",
        )
        for name, one in evaluation.degradations.items()
    ]
    return [
        "## Under degradations",
        "",
        "Applied to both classes alike, with the threshold of clean images. Flips: images that change sides. Verdict: "
        "images that get one; the others are unlike the measured ones, unstable, undecided, or (crops) too small.",
        "",
        _FINAL,
        "",
        *_table(("degradation", "real acc.", "AI acc.", "AUROC", "ECE", "flips", "verdict"), rows),
    ]


def _cost(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    rows, core_hours, accelerator_hours = [], 0.0, 0.0
    for run in runs:
        cores, accelerator, hours = run["machine"]["processors"], run.get("accelerator"), run["seconds"] / 3600
        if accelerator:
            accelerator_hours += hours
        else:
            core_hours += hours * cores
        rows.append(
            (f"`{run['recipe']['network']}`", f"{run['parameters']:,}", str(len(run["history"])),
             str(run["best_epoch"]), f"{run['data']['train']:,}",
             f"{run['seconds'] / 60:.0f} min on {accelerator or f'{cores} cores'}", str(run["recipe"]["seed"]))
        )  # fmt: skip
    energy = (core_hours * WATTS_PER_CORE + accelerator_hours * WATTS_PER_ACCELERATOR) / 1000
    spent, draws = f"{core_hours:.1f} core hours", f"a core draws {WATTS_PER_CORE} W"
    if accelerator_hours:
        spent, draws = f"{60 * accelerator_hours:.1f} accelerator minutes", f"one draws {WATTS_PER_ACCELERATOR} W"
    order = "is taught by" if runs[-1]["recipe"].get("teacher") else "grows from"
    return [
        *_table(("network", "parameters", "epochs", "kept", "images", "time", "seed"), rows),
        *([f"Each {order} the one above it.", ""] if len(runs) > 1 else []),
        f"About {spent}: {energy * 1000:.0f} Wh and {energy * GRAMS_PER_KWH:.0f} g CO₂e, if {draws} and a kilowatt "
        f"hour stands for {GRAMS_PER_KWH} g (assumptions, not measured). Searches and experiments came on top.",
        "",
        f"Every setting is in `run.json`; this one's recipe: `{json.dumps(runs[-1]['recipe'])}`",
        "",
    ]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    rule = "|---|" + "---:|" * (len(heads) - 1)
    return [f"| {' | '.join(heads)} |", rule, *(f"| {' | '.join(row)} |" for row in rows), ""]
