// The figures of the models that answer, from their cards.

/**
 * @typedef {object} Model
 * @property {string} name
 * @property {string} version
 * @property {string} about what pictures it is for.
 * @property {number | null} decided the share that gets a verdict.
 * @property {number | null} wrong the share of those that are wrong.
 * @property {number | null} accused the share of real pictures wrongly called AI-made.
 * @property {string[]} limits
 */

/**
 * @param {import("./config.js").Config} config
 * @returns {Promise<Model[]>} empty where they can't be had.
 */
export async function loadModels(config) {
  try {
    const cards = config.server ? await fromServer(config) : await Promise.all(config.models.map((name) => json(`private/models/${name}/card.json`)));
    return cards.map(summary);
  } catch {
    return [];
  }
}

/** @param {import("./config.js").Config} config @returns {Promise<any[]>} */
async function fromServer(config) {
  const data = await json(`${config.api}models`);
  return Array.isArray(data) ? data : data.models;
}

/** @param {string} address */
async function json(address) {
  const answer = await fetch(new URL(address, document.baseURI));
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

/** Cards call the same figures by the names of the protocol that they were measured under. @param {any} card @returns {Model} */
function summary(card) {
  const figures = card.figures ?? {};
  const number = (/** @type {unknown} */ value) => (typeof value === "number" ? value : null);
  const rest = (/** @type {unknown} */ value) => (typeof value === "number" ? 1 - value : null);
  return {
    name: String(card.name),
    version: String(card.version),
    about: String(card.domain?.text ?? card.domain ?? ""),
    decided: number(figures.share_decided ?? figures.coverage),
    wrong: number(figures.error_decided) ?? rest(figures.accuracy_on_decided),
    accused: rest(figures.real_left_alone) ?? number(figures.real_called_likely_ai),
    limits: Array.isArray(card.limits) ? card.limits.map(String) : [],
  };
}
