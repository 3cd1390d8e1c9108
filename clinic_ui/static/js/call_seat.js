// @ts-check
// The tickets of one seat: each opens it once. When a server answers again after a loss, the next one is asked for before
// it is needed.

const GOOD_FOR = 10_000; // ms: a ticket opens its seat for 30 s

export class SeatTickets {
  #fetch;
  /** @type {string | null} */ #given = null;
  /** @type {Promise<string | null> | null} */ #ahead = null;
  #aheadAt = -Infinity;
  seated = false;
  known = false; // is there a seat? Before that there is none to ask for

  /** @param {(() => Promise<string | null>) | undefined} fetch null means that the call is over */
  constructor(fetch) {
    this.#fetch = fetch;
  }

  get given() {
    return this.#given !== null;
  }

  /** Use this one first. @param {string} ticket */
  give(ticket) {
    this.#given = ticket;
    this.known = true;
  }

  /** The exchange opened it, or the lobby of its call. @param {boolean} seated */
  opened(seated) {
    this.known = true;
    return (this.seated = seated);
  }

  /** It may be needed soon. */
  askAhead() {
    if (!this.#fetch || this.#given) return;
    this.#ahead = this.#fetch();
    this.#ahead.catch(() => {}); // `take` asks again
    this.#aheadAt = performance.now();
  }

  /** The next ticket; null: the call is over; undefined: there is nobody to ask. Fails when nobody answers. */
  async take() {
    const given = this.#given;
    this.#given = null;
    if (given || !this.known) return given ?? undefined;
    const ahead = performance.now() - this.#aheadAt < GOOD_FOR ? this.#ahead : null;
    this.#ahead = null;
    return (await ahead?.catch(() => null)) ?? this.#fetch?.();
  }
}
