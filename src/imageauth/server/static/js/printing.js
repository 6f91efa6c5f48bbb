// A printed report: whole reports, with their findings opened, and nothing else.

/**
 * @param {import("./items.js").Items} items
 * @returns {(chosen: import("./items.js").Item[]) => void} prints the reports of some.
 */
export function printing(items) {
  /** @type {Set<string> | null} */
  let chosen = null;
  /** @type {(() => void)[]} */
  let undo = [];

  addEventListener("beforeprint", () => {
    const printed = items.all.filter((item) => item.report && (!chosen || chosen.has(item.id)));
    for (const item of items.all) {
      const card = document.getElementById(`${item.id}-body`)?.closest("li");
      card?.classList.toggle("unprinted", !printed.includes(item));
    }
    for (const item of printed.filter((one) => !one.open)) {
      items.change(item, { open: true });
      undo.push(() => items.change(item, { open: false }));
    }
    for (const details of /** @type {NodeListOf<HTMLDetailsElement>} */ (document.querySelectorAll(".card details:not([open])"))) {
      details.open = true;
      // `toggle` comes too late for the printer.
      details.dispatchEvent(new Event("toggle"));
      undo.push(() => (details.open = false));
    }
  });
  addEventListener("afterprint", () => {
    for (const one of undo) one();
    undo = [];
    chosen = null;
  });
  return (some) => {
    chosen = new Set(some.map((item) => item.id));
    print();
  };
}
