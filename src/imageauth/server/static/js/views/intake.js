// Where pictures are handed in, and where it says what happens to them.

import { fill, h } from "../dom.js";

const ACCEPT = "image/*,.heic,.heif,.avif,.tif,.tiff,.jfif,.mpo";

/**
 * @param {HTMLElement} section
 * @param {import("../app.js").App} app
 */
export function intakeView(section, app) {
  const { words } = app;
  const take = (/** @type {Event} */ event) => {
    const input = /** @type {HTMLInputElement} */ (event.target);
    const files = [...(input.files ?? [])];
    input.value = "";
    if (files.length) app.take(files);
  };
  // Real inputs, out of sight: keyboards, readers and phones know them. Their buttons stand for them.
  const picker = h("input.unseen", { type: "file", multiple: true, accept: ACCEPT, onchange: take, id: "picker", tabindex: "-1", "aria-hidden": "true" });
  const camera = h("input.unseen", { type: "file", accept: "image/*", capture: "environment", onchange: take, tabindex: "-1", "aria-hidden": "true" });
  const title = h("h2.unseen", { id: "intake-title" });
  const zone = h("div.zone");
  const mode = h("div.mode");
  const key = h("div.key", { hidden: true });
  const note = h("p.notice", { hidden: true });
  section.append(title, zone, note, key, mode, picker, camera);

  const draw = () => {
    title.textContent = words.t("intake.title");
    fill(
      zone,
      h("p.zone-words", { "aria-hidden": "true" }, words.t("intake.drop")),
      h(
        "div.buttons",
        null,
        h("button.primary", { type: "button", "data-key": "pick", onclick: () => picker.click() }, words.t("intake.pick")),
        // Only on what is held like a camera: elsewhere it would open the same dialogue as above.
        navigator.maxTouchPoints > 0 && h("button", { type: "button", "data-key": "camera", onclick: () => camera.click() }, words.t("intake.camera")),
      ),
      h("p.soft.zone-hint", null, words.t("intake.hint")),
    );
    drawKey();
    drawMode();
  };
  const drawKey = () => {
    key.hidden = !app.keyMissing;
    if (key.hidden) return key.replaceChildren();
    if (key.querySelector("form")?.lang === words.language) return undefined;
    const input = h("input", { id: "key", type: "password", autocomplete: "off", required: true, spellcheck: "false", "aria-describedby": "key-about" });
    const given = (/** @type {Event} */ event) => {
      event.preventDefault();
      if (input.value.trim()) app.giveKey(input.value.trim());
    };
    return fill(
      key,
      h(
        "form",
        { onsubmit: given, lang: words.language },
        h("label", { for: "key" }, words.t("key.label")),
        h("div.buttons", null, input, h("button", { type: "submit" }, words.t("key.use"))),
        h("p.soft", { id: "key-about" }, words.t("key.about")),
      ),
    );
  };
  const drawMode = () => {
    const { private: how, server } = app.config;
    const loading = app.preparing;
    const about = app.where === "private" ? "mode.private" : app.local ? "mode.local" : "mode.server";
    const host = location.host;
    const where = loading ? null : h("p.mode-where", null, h("span.mode-mark", { "aria-hidden": "true" }), words.t(about, { host }));
    const toggle =
      server && how.available
        ? h(
            "label.switch",
            null,
            h("input", { type: "checkbox", role: "switch", checked: app.where === "private", "data-key": "mode", "aria-describedby": "mode-about", onchange: (/** @type {any} */ event) => app.setPrivate(event.target.checked) }),
            h("span", null, words.t("mode.switch")),
          )
        : null;
    const why = server && !how.available ? h("p.soft", null, words.t("mode.unavailable"), " ", how.reason ? h("span", { lang: "en" }, how.reason) : null) : null;
    const bar = loading
      ? h(
          "div.loading",
          null,
          h("progress", { max: 1, value: loading.share ?? undefined, "aria-label": words.t("mode.loading") }),
          h("p", null, words.has(`stage.${loading.stage}`) ? words.t(`stage.${loading.stage}`) : words.t("mode.loading"), loading.share === null ? "" : ` ${percent(words, loading.share)}`),
          server ? h("button.quiet", { type: "button", "data-key": "stop", onclick: () => app.setPrivate(false) }, words.t("cancel")) : null,
        )
      : null;
    const failed = app.modeFailure ? h("p.notice", { role: "alert" }, words.t("mode.failed"), " ", h("span", { lang: "en" }, app.modeFailure)) : null;
    fill(mode, toggle, h("div", { id: "mode-about" }, where, why), bar, failed);
  };
  words.addEventListener("change", draw);
  app.addEventListener("note", () => {
    note.textContent = app.note;
    note.hidden = !app.note;
  });
  app.addEventListener("mode", drawMode);
  app.addEventListener("key", drawKey);
  draw();
}

/** @param {import("../i18n.js").Words} words @param {number} share */
function percent(words, share) {
  return new Intl.NumberFormat(words.language, { style: "percent" }).format(share);
}
