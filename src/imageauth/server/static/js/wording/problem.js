// Why there is no answer, in words.

import { printable } from "../escaping.js";
import { size } from "../i18n.js";

/**
 * @param {import("../app.js").App} app
 * @param {import("../problem.js").Problem} problem
 * @returns {{ text: string, original: string }} `original`: what was said in English, where it says more.
 */
export function problemWords({ words, config }, problem) {
  const limits = config.limits;
  const params = {
    host: location.host,
    limit: limits?.max_bytes ? size(words, limits.max_bytes) : "",
  };
  const bounded = problem.code === "too-large" && !problem.said && params.limit ? "problem.too-large.bytes" : `problem.${problem.code}`;
  const text = words.t(words.has(bounded) ? bounded : "problem.other", params);
  // A reader of files says what is wrong as “is …”, “has …”: without its subject.
  const said = problem.said && /^[a-z]/.test(problem.said) ? `The file ${problem.said}.` : problem.said;
  return { text, original: printable(said).slice(0, 300) };
}
