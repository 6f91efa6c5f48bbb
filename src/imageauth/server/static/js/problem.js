// Why a picture has no answer: a code that the strings have words for, and what a server or a file's reader said of it.

export class Problem extends Error {
  /**
   * @param {string} code such as `too-large`; see `problem.*` in the strings.
   * @param {{ message?: string, retryAfter?: number | null, requestId?: string | null }} [more] `message`: in English,
   *   as it was said; `retryAfter`: seconds after which it may be tried again without asking.
   */
  constructor(code, { message = "", retryAfter = null, requestId = null } = {}) {
    super(message || code);
    this.code = code;
    this.said = message;
    this.retryAfter = retryAfter;
    this.requestId = requestId;
  }
}

/** The picture itself is at fault: another try would end the same. */
const OF_THE_FILE = new Set(["too-large", "too-small", "unsupported-format", "corrupt", "empty"]);

/** @param {Problem} problem */
export function worthAnotherTry(problem) {
  return !OF_THE_FILE.has(problem.code);
}
