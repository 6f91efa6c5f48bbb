// What the parts of the page hand to each other; reports are as `imageauth check --json` gives them.

/**
 * @typedef {"ai-generated" | "likely-ai" | "inconclusive" | "likely-real" | "camera-verified"} Verdict
 *
 * @typedef {object} Evidence
 * @property {"pixels" | "credentials" | "metadata" | "watermark" | "plugin"} source
 * @property {string} code
 * @property {string} finding
 * @property {"ai" | "real" | "none"} points_to
 * @property {"proof" | "declared" | "statistical" | "none"} strength
 * @property {Record<string, any>} detail
 *
 * @typedef {object} Report
 * @property {string} schema
 * @property {string} file
 * @property {string} sha256
 * @property {string} format
 * @property {number} width
 * @property {number} height
 * @property {Verdict} verdict
 * @property {string} reason
 * @property {number | null} probability
 * @property {string} summary
 * @property {Evidence[]} evidence
 * @property {string[]} limits
 * @property {Record<string, string | null>} produced_by
 * @property {{ media_type: string, width: number, height: number, data: string }} [heatmap]
 *
 * @typedef {{ schema: string, file: string, error: { code: string, message: string } }} Failure
 *
 * @typedef {object} Checker
 * @property {(file: File, options: { heatmap: boolean, signal: AbortSignal,
 *   progress: (stage: string, share: number | null) => void }) => Promise<Report | Failure>} check
 * @property {(options: { signal: AbortSignal, progress: (stage: string, share: number | null) => void }) => Promise<void>}
 *   [prepare] whatever must be loaded first.
 * @property {() => void} [close] frees what was loaded; a later check loads it anew.
 */

/** @type {readonly Verdict[]} from AI to camera, the order in which they are listed. */
export const VERDICTS = ["ai-generated", "likely-ai", "inconclusive", "likely-real", "camera-verified"];

export const REPORT_SCHEMA = "imageauth/report/1";

/**
 * Whether an answer is a report that can be shown.
 *
 * @param {any} answer
 * @returns {answer is Report}
 */
export function isReport(answer) {
  return (
    answer?.schema === REPORT_SCHEMA &&
    VERDICTS.includes(answer.verdict) &&
    Array.isArray(answer.evidence) &&
    Array.isArray(answer.limits) &&
    typeof answer.produced_by === "object"
  );
}

/**
 * What the pixels answered, where they did.
 *
 * @param {Report} report
 * @returns {{ probability: number, real: number, ai: number, model: string } | null} the chance that it is AI-made, and
 *   the thresholds up to which and from which something is said.
 */
export function pixelAnswer(report) {
  const found = report.evidence.find((item) => item.source === "pixels" && Array.isArray(item.detail?.thresholds));
  if (!found || typeof found.detail.probability !== "number") return null;
  const [real, ai] = found.detail.thresholds;
  return { probability: found.detail.probability, real, ai, model: String(found.detail.model ?? "") };
}

/** A report as it is exported: without the picture of its heatmap. @param {Report | Failure} answer */
export function exported(answer) {
  const { heatmap: _, ...rest } = /** @type {Report} */ (answer);
  return rest;
}
