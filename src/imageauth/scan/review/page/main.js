// The controls, and the beginning.

const summary = byId("status");
let waiting = 0;

/** @param {string} id */
const valueOf = (id) => /** @type {HTMLInputElement | HTMLSelectElement} */ (byId(id)).value;

/** @returns {Wish} */
function wished() {
  const outcomes = new Set();
  for (const box of /** @type {NodeListOf<HTMLInputElement>} */ (document.querySelectorAll("#outcomes input"))) {
    if (box.checked) outcomes.add(Number(box.value));
  }
  /**
   * @param {string} id
   * @param {number} otherwise
   */
  const percent = (id, otherwise) => {
    const value = Number.parseFloat(valueOf(id));
    return Number.isFinite(value) ? Math.round(value * 100) : otherwise;
  };
  return {
    outcomes,
    text: valueOf("search").toLowerCase(),
    least: percent("least", 0),
    most: percent("most", 10000),
    marked: valueOf("marked"),
    sort: valueOf("sort"),
    together: /** @type {HTMLInputElement} */ (byId("together")).checked,
  };
}

function update() {
  const wish = wished();
  const selection = select(wish);
  showTiles(selection, wish.together);
  byId("nothing").hidden = selection.rows > 0;
  const tiles = selection.heads.length;
  const as = tiles < selection.rows ? ` as ${told(tiles)} tiles` : "";
  const of = selection.rows < count ? `${told(selection.rows)} of ${told(count)} rows` : `${told(count)} rows`;
  summary.textContent = of + as;
}

function updateSoon() {
  window.clearTimeout(waiting);
  waiting = window.setTimeout(update, 150);
}

function showMarks() {
  const found = { agree: 0, disagree: 0, again: 0 };
  for (const { mark } of marks.values()) found[mark] += 1;
  const parts = Object.entries(MARKS).map(([name, { words }]) => `${words.toLowerCase()} ${told(found[/** @type {Mark} */ (name)])}`);
  const kept = storable ? "" : " (not kept in this browser: export them)";
  byId("marks-count").textContent = `Marked: ${parts.join(", ")}${kept}`;
}

function makeChips() {
  columns.outcomes.forEach((outcome, number) => {
    if (!columns.counts[number]) return;
    const look = LOOKS[/** @type {keyof typeof LOOKS} */ (outcome)];
    const box = element("input", { type: "checkbox", value: number, checked: true });
    const words = outcome === "error" ? "not checked" : outcome;
    byId("outcomes").append(
      element("label", { class: `chip ${look.tone}` }, box, element("span", { "aria-hidden": "true" }, look.sign), words,
        element("small", {}, told(columns.counts[number]))),
    );
  });
}

function begin() {
  makeChips();
  if (columns.leftOut) {
    const note = byId("left-out");
    note.hidden = false;
    note.textContent = `This page shows the first ${told(count)} rows; ${told(columns.leftOut)} more are in the results. ` +
      "imageauth review --only VERDICT makes a page of those that matter.";
  }
  /** @type {HTMLDetailsElement} */ (byId("more")).open = window.innerWidth > 700;
  restoreMarks();
  showMarks();
  const controls = byId("controls");
  controls.addEventListener("submit", (event) => event.preventDefault());
  controls.addEventListener("change", (event) => {
    if (/** @type {HTMLElement} */ (event.target).id !== "import") update();
  });
  controls.addEventListener("input", (event) => {
    if (/** @type {HTMLInputElement} */ (event.target).type === "search") updateSoon();
  });
  byId("export-csv").addEventListener("click", () => download("marks.csv", "text/csv", marksAsCsv()));
  byId("export-json").addEventListener("click", () => download("marks.json", "application/json", marksAsJson()));
  const chooser = /** @type {HTMLInputElement} */ (byId("import"));
  chooser.addEventListener("change", async () => {
    const file = chooser.files?.[0];
    chooser.value = "";
    if (file) byId("marks-count").textContent = await importMarks(file);
  });
  whenMarked.add(showMarks);
  window.addEventListener("pagehide", storeMarks);
  new ResizeObserver(layOut).observe(view);
  update();
}

begin();
