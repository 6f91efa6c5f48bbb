// Asks the server: about one picture a request, or for a report on several.

import { Problem } from "../problem.js";

/** How long to wait where the server is busy and does not say, and the most that is waited, in seconds. */
const USUAL_WAIT = 2;
const LONGEST_WAIT = 600;

/**
 * @param {object} settings
 * @param {URL} settings.api address that `checks` is relative to.
 * @param {() => string | null} settings.key of the API, where there is one.
 * @returns {import("../report.js").Checker & { report: (files: File[], form: string) => Promise<Blob> }}
 */
export function serverChecker({ api, key }) {
  return {
    async check(file, { heatmap, signal, progress }) {
      await readable(file);
      signal.throwIfAborted();
      const address = new URL("checks", api);
      if (heatmap) address.searchParams.set("heatmap", "true");
      const request = await send(address, [file], { key: key(), signal, progress });
      return answerOf(request);
    },

    /** A report to keep, `html` or `pdf`, for which the files are sent once more. */
    async report(files, form) {
      for (const file of files) await readable(file);
      const address = new URL("reports", api);
      address.searchParams.set("format", form);
      const request = await send(address, files, { key: key(), signal: new AbortController().signal, progress: () => {}, type: "blob" });
      if (request.status === 200) return request.response;
      throw problemOf(request, json(await request.response.text()));
    },
  };
}

/**
 * A file that was moved, or is a folder, fails here with its own words, not as a lost connection.
 *
 * @param {File} file
 */
async function readable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Problem("unreadable");
  }
}

/**
 * With XMLHttpRequest, because fetch does not tell how much was sent.
 *
 * @param {URL} address
 * @param {File[]} files
 * @param {{ key: string | null, signal: AbortSignal, progress: (stage: string, share: number | null) => void, type?: "text" | "blob" }} options
 * @returns {Promise<XMLHttpRequest>}
 */
function send(address, files, { key, signal, progress, type = "text" }) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    for (const file of files) form.append("files", file, file.name || "picture");
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    signal.addEventListener("abort", stop, { once: true });
    request.open("POST", address);
    request.responseType = type;
    if (type === "text") request.setRequestHeader("Accept", "application/json");
    if (key) request.setRequestHeader("Authorization", `Bearer ${key}`);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable && event.loaded < event.total) progress("sending", event.loaded / event.total);
    };
    request.upload.onload = () => progress("looking", null);
    request.onload = () => resolve(request);
    request.onerror = () => reject(new Problem("server-gone"));
    request.onabort = () => reject(signal.reason);
    request.onloadend = () => signal.removeEventListener("abort", stop);
    progress("sending", 0);
    request.send(form);
  });
}

/**
 * @param {XMLHttpRequest} request
 * @returns {import("../report.js").Report | import("../report.js").Failure}
 */
function answerOf(request) {
  const data = json(request.responseText);
  if (Array.isArray(data?.results) && data.results.length === 1) return data.results[0];
  throw problemOf(request, data);
}

/** Why a request was refused. @param {XMLHttpRequest} request @param {any} data of its answer. */
function problemOf(request, data) {
  const requestId = typeof data?.request_id === "string" ? data.request_id : request.getResponseHeader("X-Request-ID");
  const message = typeof data?.detail === "string" ? data.detail : "";
  return new Problem(codeOf(request.status, data?.code), { message, requestId, retryAfter: waitOf(request) });
}

/** @param {string} text @returns {any} */
function json(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** @param {number} status @param {unknown} code of the problem, which may be one of a file's. */
function codeOf(status, code) {
  if (status === 401 || status === 403) return "key-required";
  if (status === 408 || status === 504) return "too-slow";
  if (status === 413) return "too-large";
  if (status === 429 || status === 503) return "busy";
  if (status >= 500) return "server-error";
  return typeof code === "string" && ["empty", "corrupt", "too-small", "unsupported-format"].includes(code) ? code : "bad-answer";
}

/** Seconds after which a busy server may be asked again, as it says. @param {XMLHttpRequest} request */
function waitOf(request) {
  if (request.status !== 429 && request.status !== 503) return null;
  const said = request.getResponseHeader("Retry-After");
  if (!said) return USUAL_WAIT;
  const seconds = /^\d+$/.test(said) ? Number(said) : (Date.parse(said) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.min(LONGEST_WAIT, Math.max(1, Math.ceil(seconds))) : USUAL_WAIT;
}
