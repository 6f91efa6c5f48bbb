// One picture: a row or a tile while it is closed, the whole report when it is open.

import { fill, h } from "../dom.js";
import { printable } from "../escaping.js";
import { copyText, saveJson } from "../exporting.js";
import { isSettled } from "../items.js";
import { worthAnotherTry } from "../problem.js";
import { shape } from "../shapes.js";
import { ofHundred, percent } from "../wording/chance.js";
import { problemWords } from "../wording/problem.js";
import { headline } from "../wording/verdict.js";
import { miniChance } from "./chance.js";
import { lead, reportView } from "./report.js";

export class Card {
  heat = { strength: 0, failed: false };
  /** What the body was made from; it is made again when that changes. @type {unknown[]} */
  drawn = [];
  /** What the actions were made from. */
  acted = "";

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
    this.name = h("p.card-name");
    this.status = h("div.card-status");
    this.actions = h("div.card-actions");
    this.body = h("div.card-body", { id: `${item.id}-body`, hidden: true });
    const thumb = h("div.card-thumb", { onclick: () => this.item.report && this.toggle() }, this.thumb);
    const head = h("header.card-head", null, thumb, h("div.card-words", null, this.title, this.name, this.status), this.actions);
    this.element = h("li.card", null, h("article", { "aria-labelledby": `${item.id}-title ${item.id}-name` }, head, this.body));
    this.name.id = `${item.id}-name`;
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
    this.element.toggleAttribute("aria-busy", item.state === "checking");
    fill(this.title, shape(verdict ?? (item.state in SHAPES ? SHAPES[item.state] : "waiting")), h("span", null, item.report ? headline(words, item.report) : words.t(`state.${item.state}`)));
    fill(this.name, h("bdi", null, printable(item.name)));
    fill(this.status, ...this.statusParts());
    this.drawActions();
    this.drawBody();
  }

  /** @returns {(Node | string | null)[]} */
  statusParts() {
    const { item } = this;
    const { words } = this.app;
    if (item.report && item.open) return lead(this.app, item.report);
    if (item.report) {
      const { probability } = item.report;
      if (probability === null) return [h("p.soft", null, words.t("chance.no"))];
      return [miniChance(probability), h("p.soft", null, words.t("chance.short", { count_of_100: ofHundred(words, probability), percent: percent(probability) }))];
    }
    if (item.state === "checking") {
      const stage = words.has(`stage.${item.stage}`) ? words.t(`stage.${item.stage}`) : words.t("state.checking");
      return [h("progress", { max: 1, value: item.share ?? undefined, "aria-label": stage }), h("p.soft", null, `${stage} …`)];
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
    const made = [item.state, item.open, again, words.language].join();
    if (made === this.acted) return;
    this.acted = made;
    const button = (/** @type {string} */ key, /** @type {() => void} */ onclick, /** @type {object} */ more = {}) =>
      h("button.quiet", { type: "button", "data-key": key, onclick, "aria-describedby": `${item.id}-name`, ...more }, words.t(`card.${key}`));
    fill(
      this.actions,
      item.report ? button(item.open ? "close" : "open", () => this.toggle(), { "data-key": "toggle", "aria-expanded": String(item.open), "aria-controls": `${item.id}-body` }) : null,
      item.report ? button("copy", () => this.copy()) : null,
      item.report ? button("json", () => saveJson([item])) : null,
      item.report ? button("print", () => app.print([item])) : null,
      again ? button("again", () => app.queue.again([item])) : null,
      isSettled(item) ? button("remove", () => app.items.remove([item])) : button("cancel", () => app.queue.cancel([item])),
    );
  }

  drawBody() {
    const { item, app } = this;
    this.body.hidden = !(item.open && item.report);
    if (this.body.hidden) return;
    const now = [item.report, app.words.language];
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
