// A file that cannot be checked: a stable code and one plain line, as imageauth/errors.py has them.

export class ImageError extends Error {
  /**
   * @param {"unsupported-format"|"corrupt"|"too-large"|"too-small"|"empty"|"unreadable"} code
   * @param {string} message to follow the file's name
   */
  constructor(code, message) {
    super(message);
    this.name = "ImageError";
    this.code = code;
  }
}

/** @param {string} why */
export function damaged(why) {
  return new ImageError("corrupt", `is damaged or cut short (${why})`);
}
