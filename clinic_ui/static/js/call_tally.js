// @ts-check
// What a call was like, in numbers: seconds on each rung, whose line was weak, cuts, and percentiles. No media, no names.

/** @typedef {import("./ladder.js").Rung} Rung */

const MOST = 14_400; // samples of each kind: four hours; a longer call is told by its first four

/** @param {number[]} values @param {number} share */
function quantile(values, share) {
  const ordered = Float64Array.from(values).sort();
  return ordered.length ? ordered[Math.min(ordered.length - 1, Math.floor(share * ordered.length))] : 0;
}

export class Tally {
  #id = crypto.randomUUID();
  /** @type {Partial<Record<Rung, number>>} */ #on = {};
  #weak = { mine: 0, theirs: 0, both: 0 };
  #cuts = 0;
  #cutFor = 0;
  /** @type {Record<"delay" | "lost" | "jitter" | "hidden", number[]>} */
  #seen = { delay: [], lost: [], jitter: [], hidden: [] };
  #at = 0;

  /**
   * Until now the call was on this rung.
   * @param {Rung} rung @param {"mine" | "theirs" | "both" | null} weak
   */
  stood(rung, weak) {
    const now = performance.now();
    const seconds = this.#at ? (now - this.#at) / 1000 : 0;
    this.#at = now;
    this.#on[rung] = (this.#on[rung] ?? 0) + seconds;
    if (weak) this.#weak[weak] += seconds;
  }

  /** One second's numbers. @param {{delay: number, lost: number, jitter: number, hidden: number}} second ms, shares, ms, shares */
  saw(second) {
    if (this.#seen.delay.length >= MOST) return;
    for (const name of /** @type {const} */ (["delay", "lost", "jitter", "hidden"])) this.#seen[name].push(second[name]);
  }

  /** @param {number} seconds */
  cut(seconds) {
    this.#cuts += 1;
    this.#cutFor += seconds;
  }

  /** Seconds on other rungs than these. @param {Rung[]} rungs */
  without(rungs) {
    const others = Object.entries(this.#on).filter(([rung]) => !rungs.includes(/** @type {Rung} */ (rung)));
    return others.reduce((sum, [, seconds]) => sum + seconds, 0);
  }

  /** Has it anything to tell? */
  get began() {
    return this.#at > 0;
  }

  /** All of it so far: each report says everything again, so that a lost one costs nothing. */
  report() {
    const whole = (/** @type {number} */ value) => Math.round(value);
    /** @param {"delay" | "lost" | "jitter" | "hidden"} name @param {number} unit */
    const both = (name, unit) => [0.5, 0.95].map((share) => whole(quantile(this.#seen[name], share) * unit));
    return {
      id: this.#id,
      seconds: Object.fromEntries(Object.entries(this.#on).map(([rung, seconds]) => [rung, whole(seconds)])),
      weak: Object.fromEntries(Object.entries(this.#weak).map(([whose, seconds]) => [whose, whole(seconds)])),
      cuts: this.#cuts,
      cut_for: whole(this.#cutFor),
      delay: both("delay", 1),
      jitter: both("jitter", 1),
      lost: both("lost", 1000),
      hidden: both("hidden", 1000),
    };
  }
}
