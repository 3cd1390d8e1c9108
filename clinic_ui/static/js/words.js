/**
 * The sentences that scripts may say: the page brings them, already in its language.
 * @module
 */

/** @type {Record<string, string>} */
let known = {};

const element = document.getElementById("words");
if (element) known = JSON.parse(element.textContent || "{}");

/**
 * Return a sentence of the page with its %(name)s places filled; a missing key shows itself.
 * @param {string} key
 * @param {Record<string, string | number>} [places]
 * @returns {string}
 */
export function word(key, places = {}) {
  const text = known[key] ?? key;
  return text.replace(/%\((\w+)\)[sd]/g, (_, name) => String(places[name] ?? "")).replaceAll("%%", "%");
}

/**
 * Return how long ago an instant was, in the shortest form: "3 min", "2 h 05".
 * @param {Date} at
 * @returns {string}
 */
export function since(at) {
  const minutes = Math.max(0, Math.floor((Date.now() - at.getTime()) / 60000));
  if (minutes < 60) return `${minutes}\u00a0min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)}\u00a0h${rest ? `\u00a0${String(rest).padStart(2, "0")}` : ""}`;
}
