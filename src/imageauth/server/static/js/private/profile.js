// What an ICC colour profile says of itself (ICC.1:2022); converting by it is the browser's work.

import { text, u16, u32 } from "./bytes.js";

const BY_BROWSER = "The browser converted its colours, and may have rounded them otherwise than imageauth on a computer does.";

/**
 * @param {Uint8Array} profile
 * @returns {{space: string, description: string}|null} null where it is none
 */
export function profileOf(profile) {
  if (profile.length < 132 || text(profile, 36, 40) !== "acsp") return null;
  return { space: text(profile, 16, 20).trim(), description: description(profile) };
}

/** @param {Uint8Array} profile */
function description(profile) {
  const count = Math.min(u32(profile, 128), 100);
  for (let at = 132; at < 132 + count * 12; at += 12) {
    if (text(profile, at, at + 4) !== "desc") continue;
    const start = u32(profile, at + 4);
    const kind = text(profile, start, start + 4);
    if (kind === "desc") return text(profile, start + 12, start + 12 + Math.min(u32(profile, start + 8), 200));
    if (kind === "mluc") {
      const length = Math.min(u32(profile, start + 20), 400);
      const from = start + u32(profile, start + 24);
      let result = "";
      for (let c = from; c < from + length; c += 2) result += String.fromCharCode(u16(profile, c));
      return result;
    }
  }
  return "";
}

/**
 * What to do with a picture's profile, as imageauth/images.py decides it.
 * @param {Uint8Array|null} profile
 * @param {"RGB"|"L"|"CMYK"} mode of the picture
 * @returns {{convert: boolean, notes: string[]}}
 */
export function colours(profile, mode) {
  if (!profile) return { convert: false, notes: mode === "CMYK" ? [BY_BROWSER] : [] };
  const said = profileOf(profile);
  const space = { RGB: "RGB", L: "GRAY", CMYK: "CMYK" }[mode];
  if (said && mode === "RGB" && said.description.toLowerCase().includes("srgb")) return { convert: false, notes: [] };
  if (!said || said.space !== space) {
    return { convert: false, notes: ["The colour profile is damaged or does not fit, and was ignored."] };
  }
  return {
    convert: true,
    notes: [BY_BROWSER],
  };
}
