// The page: brings its parts together. Each part draws itself, and asks the app for what concerns more than one.

import { serverChecker } from "./checkers/server.js";
import { loadConfig } from "./config.js";
import { fill, h } from "./dom.js";
import { LANGUAGES, Words, preferredLanguage, rememberLanguage } from "./i18n.js";
import { listen } from "./intake.js";
import { Items, isSettled } from "./items.js";
import { loadModels } from "./models.js";
import { printing } from "./printing.js";
import { Problem } from "./problem.js";
import { Queue } from "./queue.js";
import { isReport } from "./report.js";
import { recall, remember } from "./storage.js";
import { aboutView } from "./views/about.js";
import { intakeView } from "./views/intake.js";
import { resultsView } from "./views/results.js";
import { grounds, headline } from "./wording/verdict.js";

const KEY = "imageauth.key";
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
/** Up to how many pictures at once are shown whole, heatmap and all, without being asked. */
const FEW = 1;

/** Fires `mode` when it changes where pictures are checked, `key` when a key is or is no longer needed, and `note`. */
export class App extends EventTarget {
  items = new Items();
  /** @type {"server" | "private"} */
  where = "server";
  /** @type {{ stage: string, share: number | null } | null} of the private mode that is being made ready. */
  preparing = null;
  modeFailure = "";
  keyRefused = false;
  note = "";
  /** @type {Promise<import("./models.js").Model[]> | null} */
  known = null;
  /** @type {AbortController | null} */
  loading = null;

  /**
   * @param {import("./config.js").Config} config
   * @param {Words} words
   * @param {HTMLElement} announcer
   */
  constructor(config, words, announcer) {
    super();
    this.config = config;
    this.words = words;
    this.announcer = announcer;
    this.server = serverChecker({ api: new URL(config.api, document.baseURI), key: storedKey });
    /** @type {Record<string, import("./report.js").Checker | undefined>} */
    this.checkers = { server: this.server };
    this.queue = new Queue(this.items, (item, options) => this.check(item, options), () => !this.preparing && !this.keyMissing);
    this.keyRefused = config.server && config.key_required && !storedKey();
    this.print = printing(this.items);
    this.items.addEventListener("changed", (event) => this.tell(/** @type {CustomEvent} */ (event).detail[0]));
    if (!config.server) void this.setPrivate(true);
  }

  /** Whether the server is the reader's own computer. */
  get local() {
    return LOOPBACK.test(location.hostname);
  }

  /** Whether the server must be given a key, or another one, before it is asked again. */
  get keyMissing() {
    return this.keyRefused && this.where === "server";
  }

  /** Figures of the models; asked for until they are had. */
  async models() {
    this.known ??= loadModels(this.config);
    const models = await this.known;
    if (!models.length) this.known = null;
    return models;
  }

  /**
   * Take pictures in.
   *
   * @param {File[]} files
   * @param {{ left?: number, truncated?: boolean }} [more]
   */
  take(files, { left = 0, truncated = false } = {}) {
    const few = files.length <= FEW;
    this.items.add(files, { where: this.where, open: few, heatmap: few });
    const notes = [];
    if (left) notes.push(this.words.t("added.left", { count: left }));
    if (truncated) notes.push(this.words.t("added.truncated", { count: files.length }));
    this.remark(notes.join(" "));
    this.announce([this.words.t("added", { count: files.length }), ...notes].join(" "));
    this.queue.pump();
  }

  /** Say something about what was handed in, where it is handed in; nothing takes it back. @param {string} text */
  remark(text) {
    this.note = text;
    this.dispatchEvent(new Event("note"));
  }

  /**
   * @param {import("./items.js").Item} item
   * @param {{ signal: AbortSignal }} options
   */
  async check(item, { signal }) {
    const limit = this.config.limits?.max_bytes;
    if (!item.file.size) throw new Problem("empty");
    if (limit && item.file.size > limit) throw new Problem("too-large");
    // What waited when private mode came on is private too; never the other way round.
    if (this.where === "private") item.where = "private";
    const report = await this.ask(item, { heatmap: item.heatmap, signal });
    this.items.change(item, { state: "done", report, at: new Date(), problem: null });
  }

  /**
   * @param {import("./items.js").Item} item
   * @param {{ heatmap: boolean, signal: AbortSignal }} options
   * @returns {Promise<import("./report.js").Report>}
   */
  async ask(item, { heatmap, signal }) {
    const checker = this.checkers[item.where];
    if (!checker) throw new Problem("private-failed");
    const progress = (/** @type {string} */ stage, /** @type {number | null} */ share) => {
      if (item.state === "checking") this.items.change(item, { stage, share });
    };
    const answer = await checker.check(item.file, { heatmap, signal, progress }).catch((error) => this.refused(error));
    if (isReport(answer)) return answer;
    const error = /** @type {any} */ (answer)?.error;
    throw error?.code ? new Problem(String(error.code), { message: String(error.message ?? "") }) : new Problem("bad-answer");
  }

  /** A request was refused: where it is for want of a key, one is asked for. @param {unknown} error @returns {never} */
  refused(error) {
    if (error instanceof Problem && error.code === "key-required") {
      this.keyRefused = true;
      this.dispatchEvent(new Event("key"));
    }
    throw error;
  }

  /**
   * A report that the server writes.
   *
   * @param {import("./items.js").Item[]} items checked by the server; they are sent once more.
   * @param {string} form `html` or `pdf`.
   * @returns {Promise<Blob>}
   */
  report(items, form) {
    return this.server.report(items.map((item) => item.file), form).catch((error) => this.refused(error));
  }

  /** Ask again for where the evidence sits. @param {import("./items.js").Item} item */
  async fetchHeatmap(item) {
    if (this.where === "private") item.where = "private";
    const { heatmap } = await this.ask(item, { heatmap: true, signal: new AbortController().signal });
    item.heatmap = true;
    this.items.change(item, { report: { .../** @type {import("./report.js").Report} */ (item.report), heatmap } });
  }

  /**
   * Check pictures inside the page from now on, or on the server.
   *
   * @param {boolean} on
   */
  async setPrivate(on) {
    this.loading?.abort();
    this.modeFailure = "";
    if (!on) {
      this.preparing = null;
      this.backToServer();
      if (!this.items.all.some((item) => item.state === "checking" && item.where === "private")) this.checkers.private?.close?.();
      this.modeChanged();
      return;
    }
    this.loading = new AbortController();
    const { signal } = this.loading;
    const progress = (/** @type {string} */ stage, /** @type {number | null} */ share) => {
      if (signal.aborted) return;
      this.preparing = { stage, share };
      this.dispatchEvent(new Event("mode"));
    };
    // Pictures wait while it loads: none may go to the server after the switch was turned.
    this.where = "private";
    progress("", null);
    try {
      const { privateChecker } = await import("./checkers/private.js");
      const checker = this.checkers.private ?? privateChecker();
      await checker.prepare?.({ signal, progress });
      if (signal.aborted) return;
      this.checkers.private = checker;
      this.preparing = null;
    } catch (error) {
      if (signal.aborted) return;
      this.preparing = null;
      this.modeFailure = error instanceof Error ? error.message : String(error);
      if (this.config.server) this.backToServer();
    }
    this.modeChanged();
  }

  /** Pictures that were handed in for private mode and wait are not sent, unless the reader says so of each. */
  backToServer() {
    this.where = "server";
    for (const item of this.items.all.filter((one) => one.where === "private" && one.state === "waiting")) {
      this.items.change(item, { state: "failed", problem: new Problem("not-sent") });
    }
  }

  /** Try pictures again, where pictures are checked now. @param {import("./items.js").Item[]} items */
  again(items) {
    for (const item of items) item.where = this.where;
    this.queue.again(items);
  }

  modeChanged() {
    this.dispatchEvent(new Event("mode"));
    this.dispatchEvent(new Event("key"));
    this.queue.pump();
  }

  /** Keep a key for as long as this tab is open, and go on. @param {string} key */
  giveKey(key) {
    remember("sessionStorage", KEY, key);
    this.keyRefused = false;
    this.dispatchEvent(new Event("key"));
    this.again(this.items.all.filter((item) => item.problem?.code === "key-required"));
  }

  /** Say something to those who listen rather than look. @param {string} text */
  announce(text) {
    this.announcer.textContent = text;
  }

  /** A single picture's answer is told; of many, the end of them all. @param {import("./items.js").Item} item */
  tell(item) {
    const { words } = this;
    const all = this.items.all;
    if (!isSettled(item) || !all.every(isSettled)) return;
    if (all.length > 1) this.announce(words.t("announce.all", { count: all.length }));
    else if (item.report) this.announce(`${headline(words, item.report)}: ${grounds(words, item.report)}.`);
    else this.announce(words.t(`state.${item.state}`));
  }
}

function storedKey() {
  return recall("sessionStorage", KEY);
}

/** @param {string} id */
function byId(id) {
  return /** @type {HTMLElement} */ (document.getElementById(id));
}

/** @param {Words} words */
function languageChoice(words) {
  const select = /** @type {HTMLSelectElement} */ (byId("language"));
  select.append(...Object.entries(LANGUAGES).map(([tag, name]) => h("option", { value: tag, lang: tag }, name)));
  select.value = words.language;
  select.addEventListener("change", async () => {
    await words.use(select.value);
    rememberLanguage(select.value);
  });
  words.addEventListener("change", () => words.apply(document));
}

/** A static site works without a net too; where the browser won't have it, it works as long as there is one. */
function keepOffline() {
  navigator.serviceWorker?.register(new URL("sw.js", document.baseURI)).catch((error) => console.warn(error));
}

async function start() {
  const words = new Words();
  const announcer = byId("announcer");
  try {
    const [config] = await Promise.all([loadConfig(), words.use(preferredLanguage())]);
    languageChoice(words);
    words.apply(document);
    const app = new App(config, words, announcer);
    intakeView(byId("intake"), app);
    resultsView(byId("results"), app);
    aboutView(byId("about"), app);
    listen((files, more) => app.take(files, more), {
      hover: (over) => document.body.classList.toggle("dropping", over),
      address: () => {
        app.remark(words.t("intake.address"));
        app.announce(app.note);
      },
    });
    if (!config.server) keepOffline();
  } catch (error) {
    // The strings may be what is missing, so this speaks for itself.
    fill(byId("intake"), h("p.notice", { role: "alert" }, "This page could not be loaded whole. Is the server still running? Load the page again to try once more."));
    console.warn(error);
  }
}

await start();
