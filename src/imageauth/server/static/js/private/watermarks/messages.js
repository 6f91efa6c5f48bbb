// The fixed messages that public generator code embeds, as imageauth/provenance/watermarks/messages.py, where each one's
// source is named. A test compares the tables.

/** Where the encoder writes: whether red and blue are exchanged, and where the channel is centred. */
export const PLANES = [
  { exchanged: false, centre: 128 },
  { exchanged: false, centre: 0.5 },
  { exchanged: true, centre: 0.5 },
];
const [BYTES, FLOATS, FLOATS_EXCHANGED] = [0, 1, 2];

/**
 * @typedef {object} Message
 * @property {string} code of the finding
 * @property {string} text as its program writes it
 * @property {string} binary its bits
 * @property {number[]} planes where it is looked for: places in PLANES
 * @property {string} embedded_by the programs, to follow "that … embeds"
 * @property {number} threshold least agreement that counts
 * @property {number} period bits after which every such message looks alike
 */

/** ASCII, the most significant bit first. @param {string} text */
const bits = (text) => [...text].map((letter) => letter.charCodeAt(0).toString(2).padStart(8, "0")).join("");

/** @type {Message[]} */
export const MESSAGES = [
  {
    code: "watermark-stable-diffusion",
    text: "0xB3EC907BB19E",
    binary: 0xb3ec907bb19e.toString(2),
    planes: [FLOATS, FLOATS_EXCHANGED],
    embedded_by: "the Stable Diffusion XL code of Stability AI and of Hugging Face diffusers embeds",
    threshold: 0.6,
    period: 1,
  },
  {
    code: "watermark-stable-diffusion",
    text: "StableDiffusionV1",
    binary: bits("StableDiffusionV1"),
    planes: [BYTES],
    embedded_by: "the reference code of Stable Diffusion 1 embeds",
    threshold: 0.5,
    period: 8,
  },
  {
    code: "watermark-stable-diffusion",
    text: "SDV2",
    binary: bits("SDV2"),
    planes: [BYTES],
    embedded_by: "the reference code of Stable Diffusion 2 embeds",
    threshold: 0.66,
    period: 8,
  },
  {
    code: "watermark-flux",
    text: "0x2AFE879CF52E",
    binary: 0x2afe879cf52e.toString(2),
    planes: [FLOATS],
    embedded_by: "the reference code of FLUX.1 embeds",
    threshold: 0.6,
    period: 1,
  },
  {
    code: "watermark-invokeai",
    text: "InvokeAI",
    binary: bits("InvokeAI"),
    planes: [BYTES],
    embedded_by: "InvokeAI embeds",
    threshold: 0.5,
    period: 8,
  },
];
