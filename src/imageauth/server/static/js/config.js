// What the server, or the builder of a static site, tells the page.

/**
 * @typedef {object} Config
 * @property {string} version of imageauth.
 * @property {boolean} server whether there is an API to send pictures to.
 * @property {string} api address of the API, relative to the page.
 * @property {{ max_bytes?: number, max_pixels?: number, max_files?: number | null } | null} limits
 * @property {boolean} key_required
 * @property {string[]} exports forms in which the server writes reports: `json`, `html`, `pdf`.
 * @property {string[]} models names of those that a static site carries.
 * @property {{ available: boolean, reason: string }} private
 */

const SCHEMA = "imageauth/page/1";

/**
 * @returns {Promise<Config>}
 * @throws {Error} it cannot be had, or is of another schema.
 */
export async function loadConfig() {
  const answer = await fetch(new URL("config.json", document.baseURI), { cache: "no-cache" });
  if (!answer.ok) throw new Error(`config.json: ${answer.status}`);
  const data = await answer.json();
  if (data?.schema !== SCHEMA) throw new Error(`config.json is not of schema ${SCHEMA}`);
  return {
    version: String(data.version ?? ""),
    server: data.server === true,
    api: String(data.api ?? "v1/"),
    limits: data.limits ?? null,
    key_required: data.key_required === true,
    exports: (data.exports ?? ["json"]).map(String),
    models: (data.private?.models ?? []).map(String),
    private: { available: data.private?.available === true, reason: String(data.private?.reason ?? "") },
  };
}
