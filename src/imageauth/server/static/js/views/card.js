// One picture: a row or a tile while it is closed, the whole report when it is open.

import { fill, h } from "../dom.js";
import { printable } from "../escaping.js";
import { copyText, saveJson } from "../exporting.js";
import { isSettled } from "../items.js";
import { worthAnotherTry } from "../problem.js";
import { reportButtons } from "../reporting.js";
import { shape } from "../shapes.js";
import { problemWords } from "../wording/problem.js";
import { grounds, headline, isByPixels } from "../wording/verdict.js";
import { miniChance } from "./chance.js";
import { lead, reportView } from "./report.js";

export class Card {
  heat = { strength: 0, failed: false };
  /** What the body was made from; it is made again when that changes. @type {unknown[]} */
  drawn = [];
  /** What the actions were made from. */
  acted = "";
  /** @type {{ bar: HTMLElement & Record<string, any>, text: HTMLElement } | null} of a check that runs. */
  meter = null;

  /**
   * @param {import("../items.js").Item} item
   * @param {import("../app.js").App} app
   */
  constructor(item, app) {
    this.item = item;
    this.app = app;
    this.thumb = h("img", { src: item.url, alt: "", decoding: "async", loading: "lazy" });
    this.thumb.addEventListener("error", () => this.thumb.replaceWith(h("span.no-thumb", { "aria-hidden": "true" }, extension(item.name))));
    this.title = h("h3", { id: `${item.id}-title`, tabindex: "-1" });
    this.name = h("p.card-name", { id: `${item.id}-name` }, h("bdi", null, printable(item.name)));
    this.status = h("div.card-status");
    this.actions = h("div.card-actions");
    this.body = h("div.card-body", { id: `${item.id}-body`, hidden: true });
    const thumb = h("div.card-thumb", { onclick: () => this.item.report && this.toggle() }, this.thumb);
    const head = h("header.card-head", null, thumb, h("div.card-words", null, this.title, this.name, this.status), this.actions);
    this.element = h("li.card", null, h("article", { "aria-labelledby": `${item.id}-title ${item.id}-name` }, head, this.body));
    this.draw();
  }

  /** Show what there is now; in another language too. */
  draw() {
    const { item, app } = this;
    const { words } = app;
    const verdict = item.report?.verdict ?? null;
    this.element.dataset.state = item.state;
    this.element.dataset.verdict = verdict ?? "";
    this.element.classList.toggle("open", item.open && Boolean(item.report));
    this.element.setAttribute("aria-busy", String(item.state === "checking"));
    this.drawTitle(verdict ?? SHAPES[item.state] ?? "waiting", item.report ? headline(words, item.report) : words.t(`state.${item.state}`));
    this.drawStatus();
    this.drawActions();
    this.drawBody();
  }

  /** Only when it changed, so that what turns in it turns on. @param {string} drawing @param {string} text */
  drawTitle(drawing, text) {
    if (this.title.textContent !== text) fill(this.title, shape(drawing), h("span", null, text));
  }

  drawStatus() {
    const { item } = this;
    const { words } = this.app;
    if (item.state !== "checking" || item.report) {
      this.meter = null;
      fill(this.status, ...this.statusParts());
      return;
    }
    // A bar that is moved on, not made anew, as often as there is progress.
    const stage = `${words.t(words.has(`stage.${item.stage}`) ? `stage.${item.stage}` : "state.checking")} …`;
    this.meter ??= { bar: h("progress", { max: 1 }), text: h("p.soft") };
    const { bar, text } = this.meter;
    if (item.share === null) bar.removeAttribute("value");
    else bar.value = item.share;
    bar.setAttribute("aria-label", stage);
    text.textContent = stage;
    if (!bar.isConnected) fill(this.status, bar, text);
  }

  /** @returns {(Node | string | null)[]} */
  statusParts() {
    const { item } = this;
    const { words } = this.app;
    if (item.report && item.open) return lead(this.app, item.report);
    if (item.report) {
      const { probability } = item.report;
      const counts = isByPixels(item.report) && item.report.reason !== "pixels-unstable";
      const bar = probability !== null && counts ? miniChance(probability) : null;
      return [bar, h("p.soft", null, grounds(words, item.report))];
    }
    if (item.state === "paused") {
      const seconds = Math.max(1, Math.ceil((item.until - Date.now()) / 1000));
      return [h("p.soft", null, words.t("problem.busy.wait", { count: seconds }))];
    }
    if (item.problem) {
      const said = problemWords(this.app, item.problem);
      return [
        h("p", null, said.text),
        said.original ? h("p.soft", { lang: "en" }, said.original) : null,
        item.problem.requestId ? h("p.soft", null, words.t("problem.request"), " ", h("code", null, printable(item.problem.requestId))) : null,
      ];
    }
    return [];
  }

  drawActions() {
    const { item, app } = this;
    const { words } = app;
    const again = item.state === "cancelled" || (item.state === "failed" && (!item.problem || worthAnotherTry(item.problem)));
    const made = [item.state, item.open, again, words.language, app.where].join();
    if (made === this.acted) return;
    this.acted = made;
    const button = (/** @type {string} */ key, /** @type {() => void} */ onclick, /** @type {object} */ more = {}) =>
      h("button.quiet", { type: "button", "data-key": key, onclick, "aria-describedby": `${item.id}-name`, ...more }, words.t(`card.${key}`));
    fill(
      this.actions,
      item.report ? button(item.open ? "close" : "open", () => this.toggle(), { "data-key": "toggle", "aria-expanded": String(item.open), "aria-controls": `${item.id}-body` }) : null,
      item.report ? button("copy", () => this.copy()) : null,
      item.report ? button("json", () => saveJson([item])) : null,
      ...(item.report && item.open ? reportButtons(app, [item], { html: "card.html", pdf: "card.pdf" }) : []),
      item.report ? button("print", () => app.print([item])) : null,
      again ? button("again", () => app.again([item])) : null,
      isSettled(item) ? button("remove", () => app.items.remove([item])) : button("cancel", () => app.queue.cancel([item])),
    );
  }

  drawBody() {
    const { item, app } = this;
    this.body.hidden = !(item.open && item.report);
    if (this.body.hidden) return;
    // A map that came later is put in by the picture itself, so that nothing that was opened closes.
    const now = [item.at, app.words.language];
    if (now.every((value, at) => value === this.drawn[at])) return;
    this.drawn = now;
    fill(this.body, ...reportView(/** @type {any} */ (item), app, this.heat));
  }

  toggle() {
    this.app.items.change(this.item, { open: !this.item.open });
  }

  async copy() {
    const { words } = this.app;
    const done = await copyText(words, [this.item]);
    this.app.announce(words.t(done ? "copied" : "copied.not"));
    const button = this.actions.querySelector('[data-key="copy"]');
    if (!button) return;
    button.textContent = words.t(done ? "copied" : "copied.not");
    setTimeout(() => (button.textContent = words.t("card.copy")), 2500);
  }
}

/** @type {Record<string, string>} by state. */
const SHAPES = { checking: "checking", failed: "failed", cancelled: "failed" };

/** @param {string} name */
function extension(name) {
  const found = /\.([a-z0-9]{1,5})$/i.exec(name);
  return found ? found[1].toUpperCase() : "?";
}
