// One tile opened: all that its row says, and its copies.

/** @type {HTMLDialogElement} */
const dialog = byId("detail");
/** @type {Map<number, Promise<{ limits: string[], rows: Detail[] }>>} */
const chunks = new Map();
/** @type {Map<number, (chunk: { limits: string[], rows: Detail[] }) => void>} */
const awaited = new Map();
const MOST_MEMBERS = 500;
const SIDES = { ai: "points to AI", real: "points to a photograph", none: "points nowhere" };

/**
 * @typedef {object} Detail
 * @property {{ code: string, message: string }} [error]
 * @property {string} summary
 * @property {string} reason
 * @property {string} format
 * @property {number} size
 * @property {string} sha256
 * @property {[string, keyof typeof SIDES, string, string][]} evidence
 * @property {number[]} limits
 * @property {string} model
 * @property {string} version
 * @property {string} policy
 */

/** Called by the files of details, which a page from the disk can only load as scripts. */
Object.defineProperty(window, "imageauthDetails", {
  value: (/** @type {number} */ number, /** @type {{ limits: string[], rows: Detail[] }} */ chunk) => awaited.get(number)?.(chunk),
});

/**
 * @param {number} number
 * @returns {Promise<{ limits: string[], rows: Detail[] }>}
 */
function chunkOf(number) {
  let chunk = chunks.get(number);
  if (!chunk) {
    chunk = new Promise((resolve, reject) => {
      awaited.set(number, resolve);
      const script = element("script", { src: addressOf("details", number, ".js") });
      script.addEventListener("error", () => reject(new Error("missing")));
      script.addEventListener("load", () => script.remove());
      document.head.append(script);
    });
    chunks.set(number, chunk);
    chunk.catch(() => chunks.delete(number));
  }
  return chunk;
}

let openAt = 0;
let openRow = 0;
/** @type {HTMLElement | null} */
let openMarks = null;

/** @param {number} at */
function openDetail(at) {
  openAt = at;
  openRow = shown.heads[at];
  showDetail();
  if (!dialog.open) dialog.showModal();
}

/** @param {number} step */
function turn(step) {
  const at = Math.min(shown.heads.length - 1, Math.max(0, openAt + step));
  if (at !== openAt) openDetail(at);
}

async function showDetail() {
  const row = openRow;
  const look = lookOf(row);
  const picture = pictureOf(row);
  const frame = element("div", { class: "frame" });
  if (picture) frame.append(element("img", { src: picture, alt: "", class: isTiny(row) ? "tiny" : null }));
  else frame.append("no picture");
  openMarks = markButtons((mark) => toggleMark([row], mark), true);
  showPressed(openMarks, marks.get(row)?.mark ?? null);
  const words = element("div");
  const head = element(
    "p", { class: `verdict ${look.tone}` },
    element("span", { "aria-hidden": "true" }, `${look.sign} `), outcomeOf(row),
    columns.probability[row] < 0 ? "" : `, ${chanceOf(row)} AI`,
  );
  words.append(head);
  const left = element("div", {}, frame, openMarks);
  const file = fileOf(row);
  if (file) left.append(element("p", {}, element("a", { href: file, target: "_blank", rel: "noreferrer" }, "Open the file")));
  const body = element("div", { class: "body", tabindex: 0, role: "region", "aria-label": "What was found" }, left, words);
  dialog.replaceChildren(barOf(row), body);
  left.append(...membersOf(row));
  try {
    const chunk = await chunkOf(Math.floor(row / columns.chunk));
    if (row === openRow) words.append(...saidBy(chunk.rows[row % columns.chunk], chunk.limits, row));
  } catch {
    words.append(element("p", { class: "note" }, `The folder ${columns.files} is not beside this page, and holds the rest.`));
  }
}

/** @param {number} row */
function barOf(row) {
  /**
   * @param {string} text
   * @param {string} label
   * @param {() => void} press
   * @param {boolean} off
   */
  const button = (text, label, press, off = false) => {
    const made = element("button", { type: "button", "aria-label": label, title: label, disabled: off }, text);
    made.addEventListener("click", press);
    return made;
  };
  return element(
    "div", { class: "bar" },
    element("h2", { id: "detail-name", dir: "auto" }, columns.names[row]),
    button("←", "Previous tile", () => turn(-1), openAt === 0),
    button("→", "Next tile", () => turn(1), openAt === shown.heads.length - 1),
    button("✕", "Close", () => dialog.close()),
  );
}

/**
 * @param {Detail} detail
 * @param {string[]} limits
 * @param {number} row
 * @returns {Node[]}
 */
function saidBy(detail, limits, row) {
  if (detail.error) {
    return [element("p", {}, `It could not be checked (${detail.error.code}): ${detail.error.message}.`)];
  }
  /** @type {Node[]} */
  const parts = [element("p", {}, detail.summary)];
  if (detail.evidence.length) {
    const items = detail.evidence.map(([source, side, strength, finding]) =>
      element("li", {}, finding, " ", element("span", { class: "soft" }, `${source}, ${SIDES[side] ?? side}${strength === "none" ? "" : `, ${strength}`}`)));
    parts.push(element("h3", {}, "Evidence"), element("ul", {}, ...items));
  }
  if (detail.limits.length) {
    const items = detail.limits.map((number) => element("li", {}, limits[number]));
    parts.push(element("h3", {}, "Limits"), element("ul", {}, ...items));
  }
  const facts = {
    Picture: `${detail.format}, ${columns.width[row]} × ${columns.height[row]}${detail.size ? `, ${told(detail.size)} bytes` : ""}`,
    "SHA-256": detail.sha256,
    Rule: detail.reason,
    Model: detail.model,
    Policy: detail.policy,
    imageauth: detail.version,
  };
  const cells = Object.entries(facts).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);
  parts.push(element("h3", {}, "Facts"), element("dl", {}, ...cells));
  return parts;
}

/**
 * The copies, exact and near, to look at one by one.
 * @param {number} row
 * @returns {Node[]}
 */
function membersOf(row) {
  const group = groupOf(row);
  if (group.length < 2) return [];
  const items = [...group.slice(0, MOST_MEMBERS)].map((one) => {
    const picture = pictureOf(one);
    const look = lookOf(one);
    const exact = firstOf(one) === firstOf(row);
    const button = element(
      "button", { type: "button", "aria-current": one === row ? "true" : null },
      picture ? element("img", { src: picture, alt: "", loading: "lazy" }) : element("i"),
      element("span", {}, element("span", { class: look.tone }, `${look.sign} ${outcomeOf(one)} ${chanceOf(one)}`),
        ` ${columns.names[one]}`, one === row ? "" : exact ? " (same bytes)" : " (looks alike)"),
    );
    button.addEventListener("click", () => {
      openRow = one;
      showDetail();
      /** @type {HTMLElement | null} */ (dialog.querySelector("[aria-current=true]"))?.focus();
    });
    return element("li", {}, button);
  });
  const more = group.length > MOST_MEMBERS ? `, the first ${MOST_MEMBERS} of which are` : "";
  return [element("h3", {}, `${told(group.length)} copies${more}`), element("ul", { class: "members" }, ...items)];
}

dialog.addEventListener("close", () => goTo(openAt));
dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});
dialog.addEventListener("keydown", (event) => {
  const mark = markOfKey(event);
  if (mark) {
    event.preventDefault();
    toggleMark([openRow], mark);
  } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
    event.preventDefault();
    turn(event.key === "ArrowRight" ? 1 : -1);
    dialog.querySelector("button")?.focus();
  }
});
whenMarked.add(() => {
  if (openMarks) showPressed(openMarks, marks.get(openRow)?.mark ?? null);
});
