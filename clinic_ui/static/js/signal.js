// @ts-check
// A page's one socket to the exchange. Mirrors signalling/protocol.py name for name; PROTOCOL.md explains.

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
const HEARTBEAT = 20000; // ms; below the 30–60 s after which middle boxes forget a quiet connection
const HEARTBEAT_IN_CALL = 5000;
const OPEN_WITHIN = 10000; // ms from `new WebSocket` to `welcome`

/**
 * Emits, as CustomEvents: every message of FromExchange by its name (`detail` is the message), and
 * `open` (welcomed; `detail.again` after a loss), `lost` (the socket is gone, it will reconnect),
 * `closed` (it will not: `detail.code` is Replaced, or 1000 after close()).
 */
export class Signal extends EventTarget {
  #url;
  #fetchTicket;
  /** @type {WebSocket | null} */ #socket = null;
  #welcomed = false;
  #wasWelcomed = false;
  #finished = true;
  #failures = 0;
  #inCall = false;
  #heardAt = 0;
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
   * Say something to the exchange; false when there is no socket to say it on.
   * @param {keyof typeof FromPage} type @param {Record<string, unknown>} [fields]
   */
  send(type, fields = {}) {
    if (!this.#welcomed || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify({ type, ...fields }));
    return true;
  }

  /** In a call the socket is asked every 5 s whether it lives. @param {boolean} inCall */
  set inCall(inCall) {
    this.#inCall = inCall;
    if (this.#welcomed) this.#beat();
  }

  async #connect() {
    clearTimeout(this.#retry);
    let ticket;
    try {
      ticket = await this.#fetchTicket();
    } catch {
      return this.#again();
    }
    if (this.#finished || this.#socket) return;
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#heart = setTimeout(() => this.#drop(socket, 0), OPEN_WITHIN);
    socket.onopen = () => socket.send(JSON.stringify({ type: "hello", version: VERSION, ticket }));
    socket.onmessage = (event) => this.#hear(event.data);
    socket.onclose = (event) => this.#drop(socket, event.code);
  }

  /** @param {string} frame */
  #hear(frame) {
    const message = JSON.parse(frame);
    if (!Object.hasOwn(FromExchange, message.type)) return; // a later version's word
    this.#heardAt = performance.now();
    this.#emit(message.type, message);
    if (message.type !== "welcome") return;
    const again = this.#wasWelcomed;
    this.#welcomed = this.#wasWelcomed = true;
    this.#failures = 0;
    this.#beat();
    this.#emit("open", { again });
  }

  /** Ask whether the exchange lives; the browser itself does not tell when a line died silently. */
  #beat() {
    clearTimeout(this.#heart);
    const pause = this.#inCall ? HEARTBEAT_IN_CALL : HEARTBEAT;
    const socket = this.#socket;
    this.#heart = setTimeout(() => {
      const asked = performance.now();
      this.send("ping");
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
    socket.close();
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
    if (was) this.#emit("lost", { code });
    this.#again();
  }

  /** Try again: at once after a loss, then ever later, with jitter so that a village does not come back as one. */
  #again() {
    if (this.#finished) return;
    const failures = this.#failures++;
    const pause = failures === 0 ? 0 : Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 1));
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
