// @ts-check
// Watches what arrives on a connection: the first picture, silence, flow again, and how good the line is.

import { levelOf, readTable } from "./ladder.js";

const LOOK_EVERY = 500; // ms, while media arrive
const LOOK_AGAIN = 100; // ms, until the first frame, and as soon as a look finds nothing new
const SILENCE = 1250; // ms: a gap of 1.5 s is one that a person notices, and it is to be said by then; ICE says so after 5 s
const BAD_LOOKS = 3; // of 2 s: a level goes down on sustained trouble,
const GOOD_LOOKS = 15; // and up again slowly, so that it does not flicker
const VOICE_ALONE = 50; // packets: a second of voice with no picture is a call too
const LEAST_OVER = 30; // s whose shortest way there and back is the line's own: the ladder empties a queue sooner
const HEARD_OVER = 4; // s: 200 packets of voice, of which 2 % are four

/**
 * @typedef {{packets: number, frames: number, heard: number, lost: number, concealed: number, samples: number,
 *   jitter: number, rtt: number, age: number, available: number | undefined}} Sample counts since the beginning; ms; bit/s;
 *   `age` of the newest packet
 */

/** What getStats says now: `heard` and `lost` are packets of voice. @param {RTCPeerConnection} pc @returns {Promise<Sample>} */
async function look(pc) {
  /** @type {Sample} */
  const sample = { packets: 0, frames: 0, heard: 0, lost: 0, concealed: 0, samples: 0, jitter: 0, rtt: 0, age: Infinity, available: undefined };
  for (const row of (await pc.getStats()).values()) {
    if (row.type === "inbound-rtp") {
      sample.packets += row.packetsReceived ?? 0;
      sample.frames += row.framesDecoded ?? 0;
      sample.age = Math.min(sample.age, row.timestamp - (row.lastPacketReceivedTimestamp ?? -Infinity));
      if (row.kind !== "audio") continue;
      sample.heard += row.packetsReceived ?? 0;
      sample.lost += row.packetsLost ?? 0;
      sample.jitter = (row.jitter ?? 0) * 1000;
      sample.concealed += (row.concealedSamples ?? 0) - (row.silentConcealedSamples ?? 0);
      sample.samples += row.totalSamplesReceived ?? 0;
    } else if (row.type === "candidate-pair" && row.nominated) {
      sample.rtt = (row.currentRoundTripTime ?? 0) * 1000;
      sample.available = row.availableOutgoingBitrate;
    }
  }
  return sample;
}

/**
 * The shares of a stretch of voice that went missing, and that had to be invented.
 * @param {Sample} before @param {Sample} now
 */
export function sharesOf(before, now) {
  const share = (/** @type {number} */ part, /** @type {number} */ whole) => (whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 0);
  const lost = now.lost - before.lost;
  return {
    lost: share(lost, lost + now.heard - before.heard),
    hidden: share(now.concealed - before.concealed, now.samples - before.samples),
  };
}

/**
 * Emits `fresh` (the first of a connection), `live`, `silence`, `flow` {seconds}, `level` {level}, and once a second `second` {available, silent, waits, lost,
 * hidden, delay, jitter}: of one connection at a time. `silent` and `waits` (beyond the least) are in seconds, `lost` and
 * `hidden` are shares of the voice.
 */
export class LineWatch extends EventTarget {
  /** @type {RTCPeerConnection | null} */ #pc = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;
  #live = false;
  #silent = false;
  #quiet = false; // the last look found nothing new
  #fresh = false; // nothing arrived yet on this connection
  #arrivedAt = 0;
  #looks = 0;
  #worse = 0;
  #better = 0;
  level = 4;
  /** Does the peer send anything at all? With camera and microphone off, silence means nothing. */
  expected = true;
  /** @type {Sample | null} */ #last = null;
  /** @type {Sample[]} */ #recent = []; // one a second
  /** @type {number[]} */ #delays = []; // ms, one a second
  #secondAt = 0;
  #table;

  /** @param {import("./ladder.js").Table} [table] */
  constructor(table = readTable()) {
    super();
    this.#table = table;
  }

  /** Does media arrive? */
  get flowing() {
    return this.#live && !this.#silent;
  }

  /** Watch this connection from now on; what came before is remembered. @param {RTCPeerConnection} pc */
  watch(pc) {
    if (pc === this.#pc) return;
    this.#pc = pc;
    this.#fresh = this.#quiet = true;
    this.#last = null;
    this.#recent = [];
    this.#schedule();
  }

  stop() {
    this.#pc = null;
    clearTimeout(this.#timer);
  }

  #schedule() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look(), this.#live && !this.#quiet ? LOOK_EVERY : LOOK_AGAIN);
  }

  async #look() {
    const pc = this.#pc;
    if (!pc) return;
    const now = await look(pc);
    if (pc !== this.#pc) return;
    const last = this.#last;
    this.#last = now;
    this.#listen(now, last);
    if (this.#live && performance.now() - this.#secondAt > 950) this.#count(now);
    this.#schedule();
  }

  /** A picture of this connection is on the screen. */
  seen() {
    if (this.#pc && !this.#live) this.#begin();
  }

  #begin() {
    this.#live = true;
    this.#arrivedAt = performance.now();
    this.#emit("live", {});
  }

  /** @param {Sample} now @param {Sample | null} last */
  #listen(now, last) {
    const time = performance.now();
    const arrives = now.packets > (last?.packets ?? 0);
    this.#quiet = !arrives;
    if (arrives && this.#fresh) this.#emit("fresh", {});
    if (arrives) this.#fresh = false;
    if (!this.#live) {
      // a picture that was read is on the screen a moment later: what the page does at its sight must not hold it up
      if (last?.frames || now.packets >= VOICE_ALONE) this.#begin();
    } else if (arrives && this.#silent) {
      this.#silent = false;
      this.#recent = []; // what the cut cost says nothing of the line as it is now
      this.#emit("flow", { seconds: (time - this.#arrivedAt) / 1000 });
    } else if (!arrives && !this.#silent && this.expected && time - this.#arrivedAt > SILENCE) {
      this.#silent = true;
      this.#emit("silence", {});
    }
    if (arrives) this.#arrivedAt = time - Math.min(Math.max(now.age, 0), LOOK_EVERY);
  }

  /** One second more. @param {Sample} now */
  #count(now) {
    this.#secondAt = performance.now();
    this.#recent.push(now);
    if (this.#recent.length > HEARD_OVER + 1) this.#recent.shift();
    const shares = sharesOf(this.#recent[0], now);
    const silent = this.expected ? (this.#secondAt - this.#arrivedAt) / 1000 : 0;
    this.#delays.push(now.rtt);
    if (this.#delays.length > LEAST_OVER) this.#delays.shift();
    const waits = (now.rtt - Math.min(...this.#delays)) / 1000;
    this.#emit("second", { available: now.available, silent, waits, ...shares, delay: now.rtt, jitter: now.jitter });
    if (this.flowing && ++this.#looks % 2 === 0) this.#weigh(levelOf(this.#table, { ...shares, seconds: now.rtt / 1000 }));
  }

  /** Down after 3 bad looks, up after 15 good ones. @param {number} seen */
  #weigh(seen) {
    this.#worse = seen < this.level ? this.#worse + 1 : 0;
    this.#better = seen > this.level ? this.#better + 1 : 0;
    if (this.#worse < BAD_LOOKS && this.#better < GOOD_LOOKS) return;
    this.level += this.#worse ? -1 : 1;
    this.#worse = this.#better = 0;
    this.#emit("level", { level: this.level });
  }

  /** @param {string} type @param {object} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
