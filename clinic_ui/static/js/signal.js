// @ts-check
// A page's one socket to the exchange (one more for each pair with a guest). Mirrors signalling/protocol.py name for name;
// PROTOCOL.md explains.

export const VERSION = 2;

/** What a page says, with its fields. */
export const FromPage = Object.freeze({
  hello: ["version", "ticket", "resume", "heard"],
  join: ["ticket", "page"],
  ping: ["heard"],
  offer: ["sdp"],
  answer: ["sdp"],
  candidate: ["candidate", "mid"],
  restart: [],
  state: ["microphone", "camera", "receiving", "level"],
  bye: ["reason"],
});

/** What the exchange says, with its fields. */
export const FromExchange = Object.freeze({
  welcome: ["version", "connection", "resume", "resumed", "heard"],
  nudge: ["line"],
  joined: ["call", "seat", "present", "page"],
  "peer-joined": ["seat", "page"],
  "peer-left": ["seat", "reason"],
  replaced: [],
  reconnect: ["after"],
  error: ["code", "text"],
  pong: ["heard"],
  offer: ["sdp"],
  answer: ["sdp"],
  candidate: ["candidate", "mid"],
  restart: [],
  state: ["microphone", "camera", "receiving", "level"],
  bye: ["reason"],
});

/** What concerns one socket; everything else is counted, and said again after a loss. */
export const Uncounted = Object.freeze(["hello", "welcome", "ping", "pong", "reconnect", "replaced"]);

export const CloseCode = Object.freeze({
  BadMessage: 4400,
  BadTicket: 4401,
  TooSlow: 4408,
  Replaced: 4409,
  Flood: 4429,
  GoingAway: 1012,
});

const FIRST_PAUSE = 100; // ms; each failure doubles it
const LONGEST_PAUSE = 5000; // ms: what a person in a cabin still takes for "soon"
const LONGEST_PAUSE_IN_CALL = 250; // ms: a line that breaks now could not be mended; and calls are few
const HEARTBEAT = 20000; // ms; below the 30–60 s after which middle boxes forget a quiet connection
const HEARTBEAT_IN_CALL = 5000;
const OPEN_WITHIN = 10000; // ms from `new WebSocket` to `welcome`
const KEPT = 50; // frames that wait for the exchange to confirm them: fewer than it takes at once
const RESUME_WITHIN = 60000; // ms that the exchange keeps what it said to a page whose socket is lost

/**
 * Emits, as CustomEvents: every message of FromExchange by its name (`detail` is the message), and
 * `open` (welcomed; `detail.again` after a loss, `detail.resumed` when nothing was missed and our seat is still ours),
 * `lost` (the socket is gone, it will reconnect), `answers` (a server does again, over HTTP), `closed` (it will not: `detail.code` is Replaced, or 1000 by close()).
 */
export class Signal extends EventTarget {
  #url;
  #fetchTicket;
  /** @type {WebSocket | null} */ #socket = null;
  #welcomed = false;
  #wasWelcomed = false;
  #connection = "";
  #finished = true;
  #failures = 0;
  #pause = 0; // ms that a server which stops asked us to wait
  #inCall = false;
  #heardAt = 0;
  #lostAt = 0;
  #resume = ""; // the ticket that brings us back; "" when only a fresh line ticket does
  #heard = 0; // counted frames of the exchange
  #confirmed = 0; // ours that the exchange heard
  /** @type {string[]} */ #kept = []; // ours after those
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #retry;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #heart;
  #wake = () => this.#reconnectNow();

  /** @param {{url?: string | URL, fetchTicket: () => Promise<string>}} options `fetchTicket` asks for a line ticket */
  constructor({ url = new URL("/signal", location.href.replace(/^http/, "ws")), fetchTicket }) {
    super();
    this.#url = url;
    this.#fetchTicket = fetchTicket;
  }

  /** Is the socket open and welcomed? */
  get ready() {
    return this.#welcomed;
  }

  /** Is the socket lost, but so lately that what is said now may still arrive, in order? */
  get #waits() {
    return this.#resume !== "" && performance.now() - this.#lostAt < RESUME_WITHIN;
  }

  /** How the exchange calls this page, or "" before it was welcomed. */
  get connection() {
    return this.#connection;
  }

  /** Open the socket, early: long before it is needed. Never throws; keeps trying. */
  open() {
    if (!this.#finished) return;
    this.#finished = false;
    addEventListener("online", this.#wake);
    this.#connect();
  }

  /** Close for good. */
  close() {
    const socket = this.#socket;
    this.#finish(1000);
    if (socket) this.#drop(socket, 1000);
  }

  /**
   * Say something to the exchange; false when there is no socket to say it on. While a socket is lost it is kept, and
   * said when the page resumes; when it cannot resume (`open` without `resumed`) it is lost.
   * @param {keyof typeof FromPage} type @param {Record<string, unknown>} [fields]
   */
  send(type, fields = {}) {
    const frame = JSON.stringify({ type, ...fields });
    const counted = !Uncounted.includes(type);
    if (this.#finished || !(this.#welcomed || (counted && this.#waits))) return false;
    if (counted) this.#keep(frame);
    if (this.#welcomed && this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(frame);
    return true;
  }

  /** In a call the socket is asked every 5 s whether it lives. @param {boolean} inCall */
  set inCall(inCall) {
    this.#inCall = inCall;
    if (this.#welcomed) this.#beat();
  }

  async #connect() {
    clearTimeout(this.#retry);
    const resume = this.#waits ? this.#resume : "";
    let ticket = "";
    try {
      // sockets to a dead server are remembered: after thirty, Chromium lets each next one wait for seconds. So ask first
      if (!resume || this.#failures > 1) ticket = await this.#fetchTicket();
    } catch {
      return this.#again();
    }
    if (this.#finished || this.#socket) return;
    if (ticket && this.#wasWelcomed) this.#emit("answers", {});
    const hello = { ...(resume && { resume, heard: this.#heard }), ...(ticket && { ticket }) };
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#heart = setTimeout(() => this.#drop(socket, 0), OPEN_WITHIN);
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", version: VERSION, ...hello }));
    socket.onmessage = (event) => this.#hear(event.data);
    socket.onclose = (event) => this.#drop(socket, event.code);
  }

  /** @param {string} frame */
  #hear(frame) {
    const message = JSON.parse(frame);
    this.#heardAt = performance.now();
    if (!Uncounted.includes(message.type)) this.#heard++;
    if (!Object.hasOwn(FromExchange, message.type)) return; // a later version's word
    if (message.type === "welcome") return this.#begin(message);
    if (message.type === "pong") this.#confirm(message.heard);
    if (message.type === "reconnect") this.#pause = message.after;
    this.#emit(message.type, message);
  }

  /** Go on where the former socket was lost, or begin to count anew. @param {any} welcome */
  #begin(welcome) {
    const again = this.#wasWelcomed;
    this.#resume = welcome.resume;
    this.#connection = welcome.connection;
    if (welcome.resumed) {
      this.#confirm(welcome.heard);
      for (const frame of this.#kept) this.#socket?.send(frame);
    } else {
      this.#kept = [];
      this.#heard = this.#confirmed = 0;
    }
    this.#welcomed = this.#wasWelcomed = true;
    this.#failures = 0;
    this.#beat();
    this.#emit("welcome", welcome);
    this.#emit("open", { again, resumed: welcome.resumed });
  }

  /** @param {string} frame */
  #keep(frame) {
    this.#kept.push(frame);
    if (this.#kept.length > KEPT) this.#resume = ""; // more than the exchange would take at once: begin anew then
    if (this.#resume === "") this.#confirm(this.#confirmed + this.#kept.length);
  }

  /** Forget what the exchange heard. @param {number} heard how many of our frames so far */
  #confirm(heard) {
    this.#kept.splice(0, heard - this.#confirmed);
    this.#confirmed = Math.max(heard, this.#confirmed);
  }

  /** Ask whether the exchange lives; the browser itself does not tell when a line died silently. */
  #beat() {
    clearTimeout(this.#heart);
    const pause = this.#inCall ? HEARTBEAT_IN_CALL : HEARTBEAT;
    const socket = this.#socket;
    this.#heart = setTimeout(() => {
      const asked = performance.now();
      this.send("ping", { heard: this.#heard });
      this.#heart = setTimeout(() => {
        if (this.#heardAt < asked && socket) this.#drop(socket, 0);
        else this.#beat();
      }, pause / 2);
    }, pause / 2);
  }

  /** @param {WebSocket} socket @param {number} code */
  #drop(socket, code) {
    if (socket !== this.#socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(...(this.#finished ? [1000] : [])); // 1000 says that the page does not come back
    clearTimeout(this.#heart);
    this.#socket = null;
    const was = this.#welcomed;
    this.#welcomed = false;
    if (this.#finished) return;
    if (code === CloseCode.Replaced) return this.#finish(code);
    if (code === CloseCode.BadMessage || code === CloseCode.Flood) {
      console.error("signal: the exchange refused what this page said", code);
      this.#failures = Math.max(this.#failures, 6);
    }
    if (code >= CloseCode.BadMessage && code !== CloseCode.TooSlow) this.#resume = "";
    if (was) {
      this.#lostAt = performance.now();
      this.#emit("lost", { code });
    }
    this.#again();
  }

  /** Try again: at once after a loss, then ever later, with jitter so that a village does not come back as one. */
  #again() {
    if (this.#finished) return;
    const asked = this.#pause;
    this.#pause = 0;
    if (asked > 0) return void (this.#retry = setTimeout(() => this.#connect(), asked));
    const failures = this.#failures++;
    const longest = this.#inCall ? LONGEST_PAUSE_IN_CALL : LONGEST_PAUSE;
    const pause = failures === 0 ? 0 : Math.min(longest, FIRST_PAUSE * 2 ** (failures - 1));
    this.#retry = setTimeout(() => this.#connect(), pause * (0.5 + Math.random() / 2));
  }

  #reconnectNow() {
    if (this.#finished || this.#socket) return;
    this.#failures = 0;
    this.#connect();
  }

  /** @param {number} code */
  #finish(code) {
    if (this.#finished) return;
    this.#finished = true;
    this.#welcomed = false;
    this.#resume = "";
    this.#kept = [];
    clearTimeout(this.#retry);
    clearTimeout(this.#heart);
    removeEventListener("online", this.#wake);
    this.#emit("closed", { code });
  }

  /** @param {string} type @param {object} detail */
  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
