// How a calibrated probability is said, on the page and in copied text.

/**
 * What of 100 pictures with this score are AI-made: “about 97”, and never a flat “0” or “100”.
 *
 * @param {import("../i18n.js").Words} words
 * @param {number} probability
 */
export function ofHundred(words, probability) {
  const percent = probability * 100;
  if (percent < 1) return words.t("chance.fewer", { n: 1 });
  if (percent > 99) return words.t("chance.more", { n: 99 });
  return words.t("chance.about", { n: Math.round(percent) });
}

/**
 * “97 %”, “<1 %”, “>99 %”: as `imageauth check` prints it.
 *
 * @param {number} probability
 */
export function percent(probability) {
  if (probability < 0.01) return "<1 %";
  if (probability > 0.99) return ">99 %";
  return `${Math.round(probability * 100)} %`;
}
