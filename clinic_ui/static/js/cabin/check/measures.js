// @ts-check
/**
 * The figures as they come in, and the tick of each item by the server's table while the check runs.
 * @module
 */

/** @typedef {{item: string, colour: "amber" | "red", figure: string, test: string, limit: any}} Row */

const WORSE = { green: 0, amber: 1, red: 2 };

/** Collects figures; what was not measured is left out. */
export class Measures {
  /** @type {Record<string, any>} */ figures = {};
  /** @type {MediaStream} */ stream = new MediaStream();
  #rules;
  #view;

  /** @param {Row[]} rules @param {import("./view.js").CheckView} view */
  constructor(rules, view) {
    this.#rules = rules;
    this.#view = view;
  }

  /** @param {Record<string, any>} figures @param {string} [item] what is then done */
  take(figures, item) {
    for (const [name, value] of Object.entries(figures)) if (value !== null && value !== undefined) this.figures[name] = value;
    if (item) this.done(item);
  }

  /** Tick an item with what is known of it. @param {string} item */
  done(item) {
    const rows = this.#rules.filter((row) => row.item === item && row.figure in this.figures);
    if (!rows.length) return this.#view.item(item, "none", "checkNone");
    /** @type {"green" | "amber" | "red"} */
    let colour = "green";
    for (const row of rows) if (meets(row, this.figures[row.figure]) && WORSE[row.colour] > WORSE[colour]) colour = row.colour;
    this.#view.item(item, colour, colour === "green" ? "checkGood" : "", colour === "green" ? undefined : "…");
  }
}

/** @param {Row} row @param {any} value */
function meets(row, value) {
  if (row.test === "is") return value === row.limit;
  if (row.test === "above") return value > row.limit;
  return row.test === "below" && value < row.limit;
}
