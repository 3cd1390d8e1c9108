/**
 * <tc-live line="queue" src="/desk/queue">: a piece that fetches itself again when its line is nudged.
 * A lost nudge costs a refresh, never a truth: it also refetches when the network or the page comes back.
 * While it cannot, it says how old its lines are. An element with data-next="40" in the piece asks for a refetch in 40 s.
 * @module
 */

import { fetchFragment, place, Refused } from "./fragment.js";
import { since, word } from "./words.js";

const RETRY_FIRST = 2_000;
const RETRY_MOST = 30_000;

/** @type {Set<TcLive>} */
const alive = new Set();

/** Keeps one fragment fresh. */
export class TcLive extends HTMLElement {
  #at = new Date();
  #busy = false;
  #again = false;
  #wait = RETRY_FIRST;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #next;
  #comeAgain = () => {
    clearTimeout(this.#next);
    const seconds = Number(this.querySelector("[data-next]")?.getAttribute("data-next"));
    if (seconds) this.#next = setTimeout(() => this.refresh(), seconds * 1000);
  };

  connectedCallback() {
    alive.add(this);
    this.addEventListener("placed", this.#comeAgain);
    this.#comeAgain();
  }

  disconnectedCallback() {
    alive.delete(this);
    clearTimeout(this.#timer);
    clearTimeout(this.#next);
  }

  get line() {
    return this.getAttribute("line") ?? "";
  }

  /** Fetch again, once at a time; a nudge that comes meanwhile asks for one more. */
  async refresh() {
    if (this.#busy) {
      this.#again = true;
      return;
    }
    this.#busy = true;
    clearTimeout(this.#timer);
    try {
      const text = await fetchFragment(this.getAttribute("src") ?? "");
      if (text !== null) place(this.querySelector("[data-live-body]") ?? this, text);
      this.#fresh();
    } catch (error) {
      if (error instanceof Refused && error.markup && error.status < 500) {
        place(this.querySelector("[data-live-body]") ?? this, error.markup);
      } else {
        this.#stale();
      }
    } finally {
      this.#busy = false;
    }
    if (this.#again) {
      this.#again = false;
      await this.refresh();
    }
  }

  #fresh() {
    this.#at = new Date();
    this.#wait = RETRY_FIRST;
    this.removeAttribute("data-stale");
    const notice = this.#notice();
    if (notice) notice.hidden = true;
    this.dispatchEvent(new CustomEvent("fresh", { bubbles: true }));
  }

  #stale() {
    this.setAttribute("data-stale", "");
    this.showAge();
    this.#timer = setTimeout(() => this.refresh(), this.#wait);
    this.#wait = Math.min(RETRY_MOST, this.#wait * 2);
  }

  /** Say how old the lines are, if they are. */
  showAge() {
    const notice = this.#notice();
    if (!notice || !this.hasAttribute("data-stale")) return;
    const words = notice.querySelector("span") ?? notice;
    words.textContent = word("stale", { age: since(this.#at) });
    notice.hidden = false;
  }

  /** @returns {HTMLElement | null} */
  #notice() {
    return this.querySelector("[data-live-stale]");
  }
}

customElements.define("tc-live", TcLive);

/** @param {(one: TcLive) => boolean} [which] */
function refreshAll(which = () => true) {
  for (const one of alive) if (which(one)) void one.refresh();
}

const SPREAD = [40, 240]; // ms: a thousand desks that hear one nudge do not ask in one instant
/** @type {Set<string>} */
const coming = new Set(); // lines that were nudged and wait for their turn
let quietUntil = 0;

/** @param {string} line */
function comeTo(line) {
  coming.delete(line);
  refreshAll((one) => one.line.split(" ").includes(line));
}

/** Let what can wait do so: while a call is set up, the server's and the page's time belong to its first picture. @param {number} ms */
export function hush(ms) {
  quietUntil = performance.now() + ms;
}

/** Do it now, or when no call is being set up any more. @param {() => void} act */
export function whenQuiet(act) {
  const wait = quietUntil - performance.now();
  if (wait > 0) setTimeout(whenQuiet, wait, act);
  else act();
}

/**
 * Listen to a source of nudges (a Signal): `nudge` events whose detail.line names what changed, and `open`.
 * @param {EventTarget} source
 */
export function follow(source) {
  source.addEventListener("nudge", (event) => {
    const line = /** @type {CustomEvent<{line: string}>} */ (event).detail.line;
    if (coming.has(line)) return;
    coming.add(line);
    setTimeout(whenQuiet, SPREAD[0] + Math.random() * (SPREAD[1] - SPREAD[0]), () => comeTo(line));
  });
  // what changed between the page's drawing and the line's opening was nudged to nobody
  source.addEventListener("open", (event) => {
    const { resumed, again } = /** @type {CustomEvent} */ (event).detail ?? {};
    if (resumed) return; // no nudge was missed
    setTimeout(refreshAll, again ? SPREAD[1] : 0); // a call that was cut off takes its seat first
  });
}

follow(document);
addEventListener("online", () => refreshAll());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") refreshAll();
});
setInterval(() => alive.forEach((one) => one.showAge()), 20_000);
