// @ts-check
// The ladder of a call, walked by the rules of signalling/ladder.py over its table, which the page brings as JSON.
// Tests walk both over the same lines and compare.

/** @typedef {"video" | "small" | "still" | "voice" | "telephone" | "deferred"} Rung */
/** @typedef {"available" | "lost" | "hidden" | "waits" | "silent"} Of */
/** @typedef {{available: number | null, lost: number, hidden: number, waits: number, silent: number}} Sample one second */
/** @typedef {{of: Of, at: number}} Limit */
/** @typedef {{bitrate: number, lines: number, rate: number, active: boolean}} Picture */
/** @typedef {{bitrate: number, packet: number}} Voice */
/** @typedef {{every: number, width: number, bytes_most: number, rate_most: number, rate_least: number}} StillsWish */
/** @typedef {{rung: Rung, picture: Picture, voice: Voice, stills: StillsWish | null, down: {limit: Limit, seconds: number}[],
 *   up: {limits: Limit[], seconds: number} | null}} Step */
/** @typedef {{lost_on: number, waits_on: number, on_for: number, lost_off: number, lost_off_for: number, waits_off: number,
 *   waits_off_for: number}} Redundancy */
/** @typedef {{ladder: Step[], redundancy: Redundancy, with_video: Rung[], patience_most: number, relapse_within: number,
 *   settles_in: number, calm_after: number, without_video_most: number,
 *   levels: {level: number, lost: number, hidden: number, seconds: number}[]}} Table */
/** `falling`: for each trigger of the table, by its words, the seconds that it has held. */
/** @typedef {{rung: Rung, falling: Record<string, number>, rising: number, patience: number, climbed: number, fell: number}} Stand */

/** The page's table. @returns {Table} */
export function readTable() {
  return JSON.parse(document.getElementById("ladder")?.textContent ?? "null");
}

/** Where every call begins. @param {Table} table @returns {Stand} */
export function begin(table) {
  const { ladder, calm_after: calm } = table;
  return { rung: ladder[0].rung, falling: {}, rising: 0, patience: 1, climbed: calm, fell: calm };
}

/** @param {Limit} limit @param {Sample} sample */
function isWorse({ of, at }, sample) {
  const value = sample[of];
  if (value === null) return false;
  return of === "available" ? value < at : value > at;
}

/** @param {{limit: Limit, seconds: number}} trigger */
const named = ({ limit, seconds }) => `${limit.of} ${limit.at} ${seconds}`;

/** How far from the top. @param {Table} table @param {Rung} rung */
export const depth = ({ ladder }, rung) => ladder.findIndex((step) => step.rung === rung);

/** Where an end stands after one more second of its line. @param {Table} table @param {Stand} stand @param {Sample} sample @returns {Stand} */
export function look(table, stand, sample) {
  const at = depth(table, stand.rung);
  const { down, up } = table.ladder[at];
  const settled = stand.climbed < table.settles_in ? { ...sample, available: null } : sample;
  /** @type {Record<string, number>} */ const falling = {};
  for (const one of table.ladder.flatMap((step) => step.down)) {
    falling[named(one)] = isWorse(one.limit, settled) ? (stand.falling[named(one)] ?? 0) + 1 : 0;
  }
  const rising = up && !up.limits.some((limit) => isWorse(limit, sample)) ? stand.rising + 1 : 0;
  const climbed = Math.min(table.calm_after, stand.climbed + 1);
  const fell = Math.min(table.calm_after, stand.fell + 1);
  let patience = fell === table.calm_after ? 1 : stand.patience;
  if (down.some((one) => falling[named(one)] >= one.seconds)) {
    if (climbed < table.relapse_within) patience = Math.min(table.patience_most, patience * 2);
    return { rung: table.ladder[at + 1].rung, falling, rising: 0, patience, climbed, fell: 0 };
  }
  if (up && rising >= up.seconds * patience) {
    return { rung: table.ladder[at - 1].rung, falling, rising: 0, patience, climbed: 0, fell };
  }
  return { ...stand, falling, rising, patience, climbed, fell };
}

/**
 * The lower of both ends' rungs, and whose line asks for it.
 * @param {Table} table @param {Rung} mine @param {Rung} theirs
 * @returns {{rung: Rung, weak: "mine" | "theirs" | "both" | null}}
 */
export function together(table, mine, theirs) {
  const [here, there] = [depth(table, mine), depth(table, theirs)];
  if (here === there) return { rung: mine, weak: here === 0 ? null : "both" };
  return here > there ? { rung: mine, weak: "mine" } : { rung: theirs, weak: "theirs" };
}

/**
 * The level of a stretch of line for who listens, 4 (good) to 0 (no use): the worst of what it lost, hid and delayed.
 * @param {Table} table @param {{lost: number, hidden: number, seconds: number}} heard
 */
export function levelOf(table, { lost, hidden, seconds }) {
  const level = table.levels.find((one) => lost <= one.lost && hidden <= one.hidden && seconds <= one.seconds);
  return level?.level ?? 0;
}

/** Whether each packet of voice carries the one before it too: on when it helps and fits, off when it does not. */
export class Doubling {
  on = false;
  #rule;
  #lossy = 0;
  #calm = 0;
  #queue = 0;

  /** @param {Redundancy} rule */
  constructor(rule) {
    this.#rule = rule;
  }

  /** One second more. @param {Sample} sample @returns {boolean} whether it changed */
  look({ lost, waits }) {
    const rule = this.#rule;
    this.#lossy = lost > rule.lost_on && waits < rule.waits_on ? this.#lossy + 1 : 0;
    this.#calm = lost < rule.lost_off ? this.#calm + 1 : 0;
    this.#queue = waits > rule.waits_off ? this.#queue + 1 : 0;
    const turn = this.on
      ? this.#calm >= rule.lost_off_for || this.#queue >= rule.waits_off_for
      : this.#lossy >= rule.on_for;
    if (turn) this.on = !this.on;
    return turn;
  }
}
