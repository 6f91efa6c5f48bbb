// Text from outside, made safe to show: the page's `imageauth.escaping`.

/**
 * Control, direction, surrogate and unassigned characters become visible escapes; line breaks and tabs may stay.
 *
 * @param {unknown} value
 * @param {{ lines?: boolean }} [options] `lines`: keep line breaks and tabs.
 * @returns {string}
 */
export function printable(value, { lines = false } = {}) {
  return String(value).replace(/\p{C}/gu, (character) => {
    if (lines && (character === "\n" || character === "\t")) return character;
    const code = /** @type {number} */ (character.codePointAt(0)).toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\U${code.padStart(8, "0")}`;
  });
}

/**
 * Text without links, for pasting into mail and chats: addresses lose what makes programs open them.
 *
 * @param {string} text
 * @returns {string}
 */
export function withoutLinks(text) {
  return text.replace(/\b[a-z][a-z0-9+.-]*:\/\//gi, "").replace(/\bwww\./gi, "");
}
