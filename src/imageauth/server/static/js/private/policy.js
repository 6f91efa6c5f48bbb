// The policy: evidence → verdict; the table of imageauth/verdict.py, which says why each rule is so. The first that fits
// decides. tests/test_private_policy.py asks both for the same answers.

/** @typedef {import("./evidence.js").Evidence} Evidence */
/** @typedef {"ai-generated"|"likely-ai"|"inconclusive"|"likely-real"|"camera-verified"} Verdict */
/** @typedef {{verdict: Verdict, reason: string, summary: string, strengths: Set<string>}} Decision */

// Findings that say of an image that AI made part of it, which no photograph's own marks contradict.
const PART = new Set(["credentials-ai-part", "source-type-composite", "credit-line-edited", "generator-trace-edited"]);
const UNSTABLE = "stability-broken";
const ANSWERS = new Set(["pixels-ai", "pixels-real"]);

const CONFLICT = "What is known of this image contradicts itself.";

// Kinds of finding: strength, and what it points to.
const PROOF_AI = "proof ai";
const PROOF_REAL = "proof real";
const DECLARED_AI = "declared ai";
const DECLARED_REAL = "declared real";
const MEASURED_AI = "statistical ai";
const MEASURED_REAL = "statistical real";

const kindOf = (/** @type {Evidence} */ item) => `${item.strength} ${item.points_to}`;

/** What the evidence holds, as the rules ask for it. */
class Has {
  /** @param {Evidence[]} evidence */
  constructor(evidence) {
    const ai = evidence.filter((item) => item.points_to === "ai");
    const signed = evidence.filter((item) => item.source === "credentials" && item.strength === "declared");
    this.kinds = new Set(evidence.map(kindOf));
    /** Codes of the pixels' findings. */
    this.codes = new Set(evidence.filter((item) => item.source === "pixels").map((item) => item.code));
    /** Strengths of the findings that say more than that AI made part of the image, and of those that say only that. */
    this.whole = new Set(ai.filter((item) => !PART.has(item.code)).map((item) => item.strength));
    this.part = new Set(ai.filter((item) => PART.has(item.code)).map((item) => item.strength));
    /** What credentials declare whose signature holds, though it is no proof. */
    this.signed = new Set(
      signed.filter((item) => item.points_to !== "ai" || !PART.has(item.code)).map((item) => item.points_to),
    );
  }

  /** @param {string} kind */
  kind(kind) {
    return this.kinds.has(kind);
  }
}

/**
 * @typedef {object} Rule
 * @property {string} name a report's `reason`
 * @property {(has: Has) => boolean} fits
 * @property {Verdict} verdict
 * @property {string} sentence what the summary begins with
 * @property {string[]} tells kinds of finding that the summary then repeats, one of each that there is
 */

/** @type {readonly Rule[]} */
export const RULES = Object.freeze([
  {
    name: "proofs-disagree",
    fits: (has) => has.kind(PROOF_AI) && has.kind(PROOF_REAL),
    verdict: "inconclusive",
    sentence: "Checked proofs contradict each other.",
    tells: [PROOF_AI, PROOF_REAL],
  },
  {
    name: "proof-of-ai-part",
    fits: (has) => has.kind(PROOF_AI) && !has.whole.has("proof"),
    verdict: "ai-generated",
    sentence: "Checked proof that AI made part of this image.",
    tells: [PROOF_AI],
  },
  {
    name: "proof-of-ai",
    fits: (has) => has.kind(PROOF_AI),
    verdict: "ai-generated",
    sentence: "Checked proof that this image is AI-made.",
    tells: [PROOF_AI],
  },
  {
    name: "proof-and-declaration-disagree",
    fits: (has) => has.kind(PROOF_REAL) && has.kind(DECLARED_AI),
    verdict: "inconclusive",
    sentence: "A checked camera signature stands against a declaration of AI.",
    tells: [PROOF_REAL, DECLARED_AI],
  },
  {
    name: "proof-and-pixels-disagree",
    fits: (has) => has.kind(PROOF_REAL) && has.kind(MEASURED_AI),
    verdict: "inconclusive",
    sentence: "A checked camera signature stands against pixels that look AI-made.",
    tells: [PROOF_REAL, MEASURED_AI],
  },
  {
    name: "proof-of-capture",
    fits: (has) => has.kind(PROOF_REAL),
    verdict: "camera-verified",
    sentence: "Checked proof that a camera took this image.",
    tells: [PROOF_REAL],
  },
  {
    name: "signed-declaration-of-ai",
    fits: (has) => has.signed.has("ai") && has.kind(DECLARED_REAL) && !has.signed.has("real"),
    verdict: "likely-ai",
    sentence: "A signed credential says that it is AI-made; what the file says of a camera is unsigned.",
    tells: [DECLARED_AI, DECLARED_REAL],
  },
  {
    name: "declared-ai-part",
    fits: (has) => has.part.has("declared") && !has.signed.has("real") && (!has.whole.has("declared") || has.kind(DECLARED_REAL)),
    verdict: "likely-ai",
    sentence: "The file says that AI made part of it.",
    tells: [DECLARED_AI, DECLARED_REAL, MEASURED_REAL],
  },
  {
    name: "declared-and-measured-ai",
    fits: (has) => has.kind(DECLARED_AI) && has.kind(MEASURED_AI) && has.kind(DECLARED_REAL) && !has.signed.has("real"),
    verdict: "likely-ai",
    sentence: "The file says that it is AI-made and its pixels look so, though it also describes a camera.",
    tells: [DECLARED_AI, MEASURED_AI, DECLARED_REAL],
  },
  {
    name: "declarations-disagree",
    fits: (has) => has.kind(DECLARED_AI) && has.kind(DECLARED_REAL),
    verdict: "inconclusive",
    sentence: "What the file says of itself contradicts itself.",
    tells: [DECLARED_AI, DECLARED_REAL],
  },
  {
    name: "declared-ai-against-pixels",
    fits: (has) => has.kind(DECLARED_AI) && has.kind(MEASURED_REAL),
    verdict: "likely-ai",
    sentence: "The file says that it is AI-made, though its pixels look like a photograph's.",
    tells: [DECLARED_AI, MEASURED_REAL],
  },
  {
    name: "declared-ai",
    fits: (has) => has.kind(DECLARED_AI),
    verdict: "likely-ai",
    sentence: "The file says that it is AI-made.",
    tells: [DECLARED_AI],
  },
  {
    name: "credential-and-pixels-disagree",
    fits: (has) => has.signed.has("real") && has.kind(MEASURED_AI),
    verdict: "inconclusive",
    sentence: "A camera credential that is no proof stands against pixels that look AI-made.",
    tells: [DECLARED_REAL, MEASURED_AI],
  },
  {
    name: "statistics-disagree",
    fits: (has) => has.kind(MEASURED_AI) && has.kind(MEASURED_REAL),
    verdict: "inconclusive",
    sentence: "Measurements contradict each other.",
    tells: [MEASURED_AI, MEASURED_REAL],
  },
  {
    name: "pixels-unstable",
    fits: (has) => has.codes.has(UNSTABLE) && [...ANSWERS].some((code) => has.codes.has(code)),
    verdict: "inconclusive",
    sentence: "Can't tell: what the pixels say changes when the image is changed harmlessly.",
    tells: [],
  },
  {
    name: "statistics-ai-against-declaration",
    fits: (has) => has.kind(MEASURED_AI) && has.kind(DECLARED_REAL),
    verdict: "likely-ai",
    sentence: "The pixels look AI-made, though the file describes a camera.",
    tells: [MEASURED_AI, DECLARED_REAL],
  },
  {
    name: "statistics-ai",
    fits: (has) => has.kind(MEASURED_AI),
    verdict: "likely-ai",
    sentence: "",
    tells: [MEASURED_AI],
  },
  {
    name: "statistics-real",
    fits: (has) => has.kind(MEASURED_REAL),
    verdict: "likely-real",
    sentence: "",
    tells: [MEASURED_REAL],
  },
  {
    name: "no-decisive-evidence",
    fits: () => true,
    verdict: "inconclusive",
    sentence: "",
    tells: [],
  },
]);

/**
 * Apply the first rule that fits.
 * @param {Evidence[]} evidence all findings, in any order
 * @returns {Decision}
 */
export function decide(evidence) {
  const weighed = weigh(evidence);
  const has = new Has(weighed);
  const rule = /** @type {Rule} */ (RULES.find(({ fits }) => fits(has)));
  return {
    verdict: rule.verdict,
    reason: rule.name,
    summary: summary(rule, weighed) || (evidence[0]?.finding ?? "Nothing about this image was measured."),
    strengths: new Set(rule.tells.filter((kind) => has.kind(kind)).map((kind) => kind.split(" ")[0])),
  };
}

/**
 * The findings, each for what it can at most count for: only a signature can be proof, and pixels whose answer turns
 * under harmless changes say nothing.
 * @param {Evidence[]} evidence
 * @returns {Evidence[]}
 */
function weigh(evidence) {
  const unstable = evidence.some((item) => item.source === "pixels" && item.code === UNSTABLE);
  return evidence.map((item) => {
    if (unstable && item.source === "pixels" && ANSWERS.has(item.code)) {
      return { ...item, strength: "none", points_to: "none" };
    }
    return item.strength === "proof" && item.source !== "credentials" ? { ...item, strength: "declared" } : item;
  });
}

/**
 * A rule's sentence, and for each kind that it tells the finding that made it fit, whatever the order: of a part where
 * the rule is about a part, signed before unsigned, plug-ins last, then by name; the sentence gives way to those.
 * @param {Rule} rule
 * @param {Evidence[]} evidence
 */
function summary(rule, evidence) {
  const aboutPart = rule.name.endsWith("-part");
  /** @type {Evidence[]} */
  const told = [];
  for (const kind of rule.tells) {
    const fitting = evidence
      .filter((item) => kindOf(item) === kind)
      .map((item) => ({
        item,
        order: [
          aboutPart && item.points_to === "ai" && !PART.has(item.code) ? 1 : 0,
          item.source === "credentials" ? 0 : 1,
          item.source === "plugin" ? 1 : 0,
          item.code,
          item.finding,
        ],
      }));
    fitting.sort((a, b) => compared(a.order, b.order));
    if (fitting.length) told.push(fitting[0].item);
  }
  let { sentence } = rule;
  if (told.some((item) => item.source === "plugin")) sentence = new Set(told.map((item) => item.points_to)).size > 1 ? CONFLICT : "";
  return [sentence, ...told.map((item) => item.finding)].filter(Boolean).join(" ");
}

/** @type {(a: (number|string)[], b: (number|string)[]) => number} */
function compared(a, b) {
  for (let at = 0; at < a.length; at++) {
    if (a[at] !== b[at]) return before(a[at], b[at]) ? -1 : 1;
  }
  return 0;
}

/** Strings by code points, as Python has it. @type {(a: number|string, b: number|string) => boolean} */
function before(a, b) {
  if (typeof a === "number" || typeof b === "number") return a < b;
  const [one, other] = [Array.from(a), Array.from(b)];
  const at = one.findIndex((character, index) => character !== other[index]);
  if (at < 0) return one.length < other.length;
  return at < other.length && /** @type {number} */ (one[at].codePointAt(0)) < /** @type {number} */ (other[at].codePointAt(0));
}
