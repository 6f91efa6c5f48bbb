// All pictures: counts, filters, order, progress, and what is done to all of them.

import { fill, h } from "../dom.js";
import { copyText, saveJson } from "../exporting.js";
import { isSettled } from "../items.js";
import { worthAnotherTry } from "../problem.js";
import { VERDICTS } from "../report.js";
import { reportButtons } from "../reporting.js";
import { shape } from "../shapes.js";
import { Card } from "./card.js";

const ORDERS = /** @type {const} */ (["given", "ai", "real", "name"]);
/** From how many on pictures are shown as rows first. */
const MANY = 4;

/** @typedef {import("../items.js").Item} Item */

/**
 * @param {HTMLElement} section
 * @param {import("../app.js").App} app
 */
export function resultsView(section, app) {
  const { words, items } = app;
  /** @type {Map<Item, Card>} */
  const cards = new Map();
  const state = { filter: "", order: /** @type {typeof ORDERS[number]} */ ("given"), view: "", chosen: false };
  const title = h("h2", { id: "results-title", tabindex: "-1" });
  const bar = h("div.bar");
  const progress = h("div.all-progress", { hidden: true });
  const list = h("ul.cards", { id: "cards" });
  section.append(h("div.results-head", null, title, progress), bar, list);

  items.addEventListener("added", (event) => {
    for (const item of detail(event)) {
      const card = new Card(item, app);
      cards.set(item, card);
      list.append(card.element);
    }
    if (!state.chosen) state.view = items.all.length >= MANY ? "rows" : "tiles";
    draw();
  });
  items.addEventListener("changed", (event) => {
    for (const item of detail(event)) cards.get(item)?.draw();
    drawSoon();
  });
  items.addEventListener("removed", (event) => {
    for (const item of detail(event)) {
      const card = cards.get(item);
      cards.delete(item);
      if (card?.element.contains(document.activeElement)) nextOf(card.element).focus();
      card?.element.remove();
    }
    draw();
  });
  words.addEventListener("change", () => {
    for (const card of cards.values()) card.draw();
    draw();
  });
  // Reports of the server are not offered in private mode.
  app.addEventListener("mode", () => {
    for (const card of cards.values()) card.drawActions();
    drawSoon();
  });
  // Those that wait for a busy server count down.
  setInterval(() => {
    for (const item of items.all) if (item.state === "paused") cards.get(item)?.draw();
  }, 1000);

  /** Where the focus goes when a card is gone. @param {Element} element @returns {HTMLElement} */
  function nextOf(element) {
    const near = [...list.children].filter((card) => card !== element && !(/** @type {HTMLElement} */ (card).hidden));
    const at = [...list.children].indexOf(element);
    const next = near.find((card) => [...list.children].indexOf(card) > at) ?? near.at(-1);
    return next?.querySelector("h3") ?? /** @type {HTMLElement} */ (document.querySelector(".zone button.primary"));
  }

  let asked = 0;
  function drawSoon() {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(draw);
  }

  function draw() {
    const all = items.all;
    section.hidden = !all.length;
    document.body.classList.toggle("has-results", all.length > 0);
    const counts = count(all);
    if (state.filter && !counts.get(state.filter)) state.filter = "";
    title.textContent = words.t("results.title", { count: all.length });
    list.dataset.view = all.length === 1 ? "tiles" : state.view;
    drawProgress(all);
    drawBar(all, counts);
    arrange(all);
  }

  /** @param {Item[]} all */
  function drawProgress(all) {
    const done = all.filter(isSettled).length;
    progress.hidden = all.length < 2 || done === all.length;
    if (progress.hidden) return progress.replaceChildren();
    const text = words.t("progress", { done, count: all.length });
    return fill(
      progress,
      h("progress", { max: all.length, value: done, "aria-label": text }),
      h("span", null, text),
      h("button.quiet", { type: "button", "data-key": "cancel-all", onclick: () => app.queue.cancel(all) }, words.t("cancel.all")),
    );
  }

  /** @param {Item[]} all @param {Map<string, number>} counts */
  function drawBar(all, counts) {
    bar.hidden = all.length < 2;
    if (bar.hidden) return bar.replaceChildren();
    const chip = (/** @type {string} */ key, /** @type {number} */ number) =>
      h(
        "button.chip",
        { type: "button", "data-key": `filter-${key}`, "data-verdict": key, "aria-pressed": String(state.filter === key), onclick: () => change({ filter: state.filter === key ? "" : key }) },
        key ? shape(key) : null,
        h("span", null, words.t(key === "" ? "filter.all" : key === "failed" ? "filter.failed" : `verdict.${key}`)),
        h("b", null, words.number.format(number)),
      );
    const kinds = [...VERDICTS, "failed"].filter((key) => counts.get(key));
    const order = h("select", { "data-key": "order", onchange: (/** @type {any} */ event) => change({ order: event.target.value }) }, ...ORDERS.map((key) => h("option", { value: key }, words.t(`order.${key}`))));
    order.value = state.order;
    const view = (/** @type {string} */ key) =>
      h("button", { type: "button", "data-key": `view-${key}`, "aria-pressed": String(state.view === key), onclick: () => change({ view: key, chosen: true }) }, words.t(`view.${key}`));
    const done = all.filter((item) => item.report);
    const unanswered = all.filter((item) => item.state === "cancelled" || (item.problem && item.problem.code !== "not-sent" && worthAnotherTry(item.problem)));
    const many = (/** @type {string} */ key, /** @type {() => void} */ onclick) => h("button.quiet", { type: "button", "data-key": key, onclick }, words.t(key));
    return fill(
      bar,
      h("div.chips", { role: "group", "aria-label": words.t("filter.title") }, chip("", all.length), ...kinds.map((key) => chip(key, counts.get(key) ?? 0))),
      h(
        "div.bar-row",
        null,
        h("label.order", null, h("span", null, words.t("order.title")), order),
        h("div.views", { role: "group", "aria-label": words.t("view.title") }, view("tiles"), view("rows")),
        h(
          "div.bar-actions",
          null,
          done.length ? many("copy.all", () => copyAll(done)) : null,
          done.length ? many("json.all", () => saveJson(all)) : null,
          ...reportButtons(app, done, { html: "html.all", pdf: "pdf.all" }),
          done.length ? many("print.all", () => app.print(done)) : null,
          unanswered.length ? many("again.all", () => app.again(unanswered)) : null,
          many("remove.all", () => {
            app.queue.cancel(all);
            items.remove([...all]);
          }),
        ),
      ),
    );
  }

  /** @param {Item[]} done */
  async function copyAll(done) {
    app.announce(words.t((await copyText(words, done)) ? "copied" : "copied.not"));
  }

  /** @param {Partial<typeof state>} values */
  function change(values) {
    Object.assign(state, values);
    draw();
  }

  /** Filter and order; nothing moves while it holds the focus. @param {Item[]} all */
  function arrange(all) {
    for (const [item, card] of cards) card.element.hidden = Boolean(state.filter) && kindOf(item) !== state.filter;
    if (list.contains(document.activeElement)) return;
    const wanted = sorted(all, state.order).map((item) => /** @type {Card} */ (cards.get(item)).element);
    if (wanted.some((element, at) => list.children[at] !== element)) list.append(...wanted);
  }
}

/** @param {Event} event @returns {Item[]} */
function detail(event) {
  return /** @type {CustomEvent<Item[]>} */ (event).detail;
}

/** What an item counts as. @param {Item} item */
function kindOf(item) {
  return item.report?.verdict ?? (item.state === "failed" ? "failed" : "");
}

/** @param {Item[]} items */
function count(items) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const kind of items.map(kindOf).filter(Boolean)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
}

/** By verdict first, then by chance; those without an answer come last. @param {Item[]} items @param {string} order */
function sorted(items, order) {
  if (order === "given") return items;
  if (order === "name") return [...items].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  const direction = order === "ai" ? 1 : -1;
  const rank = (/** @type {Item} */ item) => (item.report ? VERDICTS.indexOf(item.report.verdict) - (item.report.probability ?? 0.5) : Infinity);
  return [...items].sort((a, b) => {
    const [x, y] = [rank(a), rank(b)];
    if (x === y) return 0;
    if (x === Infinity || y === Infinity) return x === Infinity ? 1 : -1;
    return direction * (x - y);
  });
}
