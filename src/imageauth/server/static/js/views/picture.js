// The picture, and over it where the evidence of its pixels sits.

import { fill, h } from "../dom.js";
import { printable } from "../escaping.js";
import { pixelAnswer } from "../report.js";

/** Pictures up to this many pixels along the longer side are shown as the squares that they are. */
const SMALL = 128;

/**
 * @param {import("../items.js").Item} item
 * @param {import("../app.js").App} app
 * @param {{ strength: number, failed: boolean }} state kept by the card: the slider's place, 0–100.
 */
export function picture(item, app, state) {
  const { words } = app;
  const report = item.report;
  const image = h("img", { src: item.url, alt: words.t("picture.alt", { name: printable(item.name) }), decoding: "async" });
  const frame = h("div.frame", null, image);
  const tools = h("div.heat-tools");
  const figure = h("figure.picture", null, frame, tools);
  image.addEventListener("load", () => {
    if (Math.max(image.naturalWidth, image.naturalHeight) <= SMALL) frame.classList.add("pixelated");
  });
  image.addEventListener("error", () => {
    image.remove();
    frame.classList.add("unshown");
    frame.append(h("p", null, words.t("picture.unshown", { format: (report?.format ?? "").toUpperCase() })));
    tools.remove();
  });
  if (!report || !pixelAnswer(report)) return figure;
  if (hasMap()) drawSlider();
  else drawOffer();
  return figure;

  function hasMap() {
    return item.report?.heatmap?.media_type === "image/png";
  }

  function drawOffer() {
    if (item.heatmap && !state.failed) {
      // It was asked for, and the answer holds none.
      fill(tools, h("p.soft", null, words.t("heatmap.none")));
      return;
    }
    fill(
      tools,
      h("button", { type: "button", "data-key": "heatmap", onclick: ask }, words.t("heatmap.show")),
      state.failed ? h("p.soft", { role: "alert" }, words.t("heatmap.failed")) : null,
    );
  }

  async function ask() {
    fill(tools, h("p.soft", null, words.t("heatmap.loading")));
    state.failed = false;
    try {
      await app.fetchHeatmap(item);
    } catch {
      state.failed = true;
    }
    if (!hasMap()) drawOffer();
    else drawSlider().focus();
  }

  function drawSlider() {
    const over = h("img.heat", { src: `data:image/png;base64,${item.report?.heatmap?.data}`, alt: "" });
    frame.append(over);
    const range = h("input", { type: "range", min: 0, max: 100, step: 5, value: String(state.strength), "data-key": "strength", "aria-describedby": `${item.id}-heat` });
    const update = () => {
      state.strength = Number(range.value);
      over.style.opacity = String(state.strength / 100);
      // In grey, as `imageauth check --heatmap` draws it, so that its own colours are not taken for the map's.
      figure.toggleAttribute("data-heat", state.strength > 0);
      image.style.filter = state.strength ? `grayscale(${state.strength}%)` : "";
      range.setAttribute("aria-valuetext", state.strength ? words.t("heatmap.value", { percent: state.strength }) : words.t("heatmap.off"));
    };
    range.addEventListener("input", update);
    update();
    fill(
      tools,
      h("label.heat-slider", null, h("span", null, words.t("heatmap.label")), range),
      h(
        "ul.legend",
        null,
        h("li", null, h("span.swatch.swatch-ai", { "aria-hidden": "true" }), words.t("heatmap.ai")),
        h("li", null, h("span.swatch.swatch-real", { "aria-hidden": "true" }), words.t("heatmap.real")),
      ),
      h("p.soft", { id: `${item.id}-heat` }, words.t("heatmap.about")),
    );
    return range;
  }
}
