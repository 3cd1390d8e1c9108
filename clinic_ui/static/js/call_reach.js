// @ts-check
// The servers that help a call's media through, with credentials that are not about to expire.

const FRESH_FOR = 300_000; // ms: TURN credentials live ten minutes, and the other end may take its time
const WITHIN = 2000; // ms for fresh TURN credentials; then the former ones must do

export class Reach {
  #fetch;
  /** @type {RTCConfiguration | null} */ #found = null;
  #foundAt = -Infinity;

  /** @param {(() => Promise<RTCConfiguration>) | undefined} fetch none: the two ends are on one network */
  constructor(fetch) {
    this.#fetch = fetch;
  }

  get isFresh() {
    return performance.now() - this.#foundAt < FRESH_FOR;
  }

  /**
   * Fresh servers, before each beginning and each restart. When nobody answers in time, those that we have must do; without
   * any we wait: a page that hides its address must not show it by accident.
   * @returns {Promise<RTCConfiguration>}
   */
  async renew() {
    if (!this.#fetch) return this.#found ?? {};
    const late = new Promise((_, fail) => setTimeout(() => fail(new Error("no answer")), WITHIN));
    try {
      this.#found = /** @type {RTCConfiguration} */ (await Promise.race([this.#fetch(), late]));
      this.#foundAt = performance.now();
    } catch (error) {
      if (!this.#found) throw error;
      console.warn("call: no fresh servers", error);
    }
    return this.#found;
  }
}
