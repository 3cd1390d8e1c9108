// @ts-check
// One call between two seats. The practitioner offers, the patient answers, and both bring it back when it breaks.
//
//   prepare ─▶ join ─▶ (peer present) offer ─▶ answer ─▶ live ⇄ silence ─▶ … ─▶ ended
//   prepare ─▶ join the lobby ─▶ offer ─▶ answer ─▶ warm ─▶ (the press) open ─▶ live        PROTOCOL.md §8
//
// Media that flows is never touched by a lost socket; a lost line is found by its silence, not by state names. While a
// practitioner stands in the lobby, no track is on the line, at either end.

import { CloseCode } from "./signal.js";
import { Connection } from "./call_connection.js";
import { Gap } from "./call_gap.js";
import { CallLadder } from "./call_ladder.js";
import { Own } from "./call_own.js";
import { Reach } from "./call_reach.js";
import { Remote } from "./call_remote.js";
import { SeatTickets } from "./call_seat.js";
import { LineWatch } from "./call_watch.js";

const WATCHDOG = 4000; // ms in which a negotiation connects, or is begun again
const TICKET_AGAIN = 1000; // ms before a seat ticket that could not be fetched is asked for again

/** @typedef {"patient" | "practitioner"} Seat */

/**
 * Emits CustomEvents: `warm` (connected in the lobby), `joined`, `peer-joined`, `peer-left` {reason} (media may still flow), `remote-track` {track,
 * stream}, `live` (the first remote picture, once), `silence` (nothing for 1.5 s), `flow` {seconds} (it does again),
 * `quality` {level: 4..0, whose: "mine" | "theirs"}, `line` {rung, weak, mine, theirs, dark} (the ladder, call_ladder.js),
 * `still` {picture, takenAt}, `peer-state` {microphone, camera, receiving, level}, `ended` {reason}.
 */
export class Call extends EventTarget {
  #remote = new Remote();
  #gap = new Gap();
  #own = new Own();
  #signal;
  /** @type {Seat} */ #seat;
  #tickets;
  #reach;
  #page = crypto.randomUUID();
  /** @type {Connection | null} */ #connection = null;
  #asked = false;
  #lobby; // the practitioner's end of this call stands in the lobby: no track is on the line
  /** @type {string | null} */ #warmWith = null; // the page in the lobby that has our present connection
  /** @type {Connection | null} */ #former = null; // its last picture is in sight until the next one brings something
  /** @type {Connection | null} */ #spare = null; // for who comes instead of the page in the lobby
  /** @type {string | null} */ #peer = null; // the other seat's page, while it is there
  /** @type {string | null} */ #offeredTo = null; // the page that has our present offer
  #attempts = 0;
  #over = false;
  #watch = new LineWatch();
  #ladder = new CallLadder();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #watchdog;
  #steps = Promise.resolve();
  #listening = new AbortController();

  /**
   * @param {{signal: import("./signal.js").Signal, seat: Seat,
   *   fetchSeatTicket?: () => Promise<string | null>, fetchReach?: () => Promise<RTCConfiguration>, lobby?: boolean}} options
   *   `fetchSeatTicket` is asked after a lost socket; null means that the call is over
   */
  constructor({ signal, seat, fetchSeatTicket, fetchReach, lobby = false }) {
    super();
    this.#lobby = lobby;
    this.#signal = signal;
    this.#seat = seat;
    this.#tickets = new SeatTickets(fetchSeatTicket);
    this.#reach = new Reach(fetchReach);
    this.#listen();
  }

  /**
   * Get ready before the press: the connection, and on the practitioner's side the offer and its candidates. Nothing
   * is sent. Without a stream too: `setStream` brings the tracks later.
   * @param {{stream?: MediaStream | null}} [options]
   */
  async prepare({ stream = null } = {}) {
    this.#own.use(stream);
    await this.#then(() => this.#build());
  }

  /** Take the seat that the ticket opens. @param {string} ticket */
  join(ticket) {
    this.press();
    this.enter(ticket);
  }

  /** The press, before its answer: who wins the visit may be seated at once. Returns how this call names its page. */
  press() {
    this.#asked = true;
    this.#signal.inCall = true;
    return this.#page;
  }

  /** The ticket of the seat, if the exchange did not give it already. @param {string} ticket */
  enter(ticket) {
    if (this.#tickets.seated) return;
    this.#tickets.give(ticket);
    this.#sit();
  }

  /** Replace the tracks (another camera, the stream that came late). @param {MediaStream | null} stream */
  async setStream(stream) {
    this.#own.use(stream);
    await this.#then(() => this.#connection?.setStream(this.#outgoing));
    this.#tell();
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    this.#own.muted = muted;
    this.#tell();
  }

  /** @param {boolean} on */
  setCamera(on) {
    this.#own.camera = on;
    this.#tell();
  }

  /** What this call was like so far, in numbers (call_tally.js); null before the first sound. */
  get report() {
    return this.#ladder.tally.began ? this.#ladder.tally.report() : null;
  }

  /** The page says that a picture is on its screen: sooner, and surer, than counts can tell. */
  seen() {
    this.#watch.seen();
  }

  /** Seconds without one of the two pictures. */
  get withoutVideo() {
    return this.#ladder.withoutVideo;
  }

  /** @param {string} [reason] */
  hangUp(reason = "hung-up") {
    if (this.#tickets.known) this.#signal.send("bye", { reason });
    this.#end(reason);
  }

  /** What may be on the line. */
  get #outgoing() {
    return this.#lobby ? null : this.#own.stream;
  }

  #tell() {
    if (!this.#peer || this.#lobby) return;
    this.#signal.send("state", { ...this.#own.state, receiving: this.#watch.flowing, level: this.#watch.level });
  }

  #listen() {
    const options = { signal: this.#listening.signal };
    /** @param {EventTarget} from @param {string} type @param {(detail: any) => unknown} hear */
    const on = (from, type, hear) =>
      from.addEventListener(type, (event) => this.#asked && hear(/** @type {CustomEvent} */ (event).detail), options);
    on(this.#signal, "answers", () => this.#inLobby || this.#tickets.askAhead());
    on(this.#signal, "open", ({ resumed }) => resumed || ((this.#peer = null), this.#sit()));
    on(this.#signal, "closed", ({ code }) => this.#end(code === CloseCode.Replaced ? "replaced" : "closed"));
    on(this.#signal, "error", ({ code }) => code === "seat-taken" && this.#end(code));
    on(this.#signal, "error", ({ code }) => code === "bad-ticket" && setTimeout(() => this.#sit(), TICKET_AGAIN));
    on(this.#signal, "joined", (joined) => this.#joined(joined));
    on(this.#signal, "peer-joined", (joined) => this.#meet(joined.page, joined.seat === "lobby") && this.#emit("peer-joined", joined));
    on(this.#signal, "peer-left", (left) => this.#part() && this.#emit("peer-left", left));
    on(this.#signal, "offer", ({ sdp }) => this.#then(() => this.#answer(sdp)));
    on(this.#signal, "answer", ({ sdp }) => this.#then(() => this.#connection?.take(sdp)));
    on(this.#signal, "candidate", (said) => this.#then(() => this.#connection?.tryCandidate(said)));
    on(this.#signal, "restart", () => this.#recover());
    on(this.#signal, "state", (state) => this.#heed(state));
    on(this.#signal, "bye", ({ reason }) => this.#end(reason));
    on(this.#remote, "remote-track", (track) => this.#emit("remote-track", track));
    on(this.#watch, "fresh", () => (this.#remote.show(), this.#former?.close()));
    on(this.#watch, "live", (live) => this.#flows("live", live));
    on(this.#watch, "flow", (flow) => this.#flows("flow", flow));
    on(this.#watch, "silence", (silence) => (this.#tell(), this.#emit("silence", silence), this.#recover()));
    on(this.#watch, "level", ({ level }) => (this.#tell(), this.#emit("quality", { level, whose: "mine" })));
    on(this.#watch, "second", (second) => this.#ladder.look(second));
    on(this.#ladder, "line", (line) => this.#emit("line", line));
    on(this.#ladder, "voice", (voice) => this.#then(() => this.#connection?.say(voice)));
    on(this.#ladder, "still", (still) => this.#emit("still", still));
  }

  /** Show the ticket, or fetch a fresh one: each opens the seat once. */
  async #sit() {
    if (this.#over || !this.#signal.ready) return; // `open` comes back here
    if (this.#inLobby && !this.#tickets.given) return this.#end("cold");
    let ticket;
    try {
      ticket = await this.#tickets.take();
    } catch {
      return void setTimeout(() => this.#sit(), TICKET_AGAIN);
    }
    if (ticket === null) return this.#end("closed");
    if (ticket) this.#signal.send("join", { ticket, page: this.#page });
  }

  // --- the lobby: connected, and nothing sent ---------------------------------------------------------------------

  /** Is this end the one that waits for the press? */
  get #inLobby() {
    return this.#lobby && this.#seat === "practitioner";
  }

  /** @param {{seat: string, page: string | null}} joined */
  #joined(joined) {
    const warm = this.#tickets.opened(joined.seat !== "lobby") && joined.page === this.#peer && this.#open();
    this.#emit("joined", joined);
    if (joined.page && !warm) this.#meet(joined.page, joined.seat === "lobby");
  }

  /** The press: from here on there is a call, on the connection that is warm. True when there was one. */
  #open() {
    if (!this.#lobby) return false;
    this.#lobby = false;
    this.#warmWith = null;
    this.#then(() => this.#connection?.setStream(this.#own.stream));
    if (this.#connection) this.#watch.watch(this.#connection.pc);
    this.#remote.show();
    this.#tell();
    this.#guard();
    return true;
  }

  /** Another one than who stood in the lobby comes: the line to that one goes at once. */
  #turnAway() {
    this.#lobby = false;
    this.#warmWith = null;
    this.#connection?.close();
    this.#connection = null;
    this.#then(() => this.#connection ?? this.#build());
  }

  /** The other seat is empty. True when it was more than a look from the lobby. */
  #part() {
    this.#peer = null;
    if (!this.#lobby) return true;
    if (this.#inLobby) this.#end("cold");
    else this.#turnAway();
    return false;
  }

  /**
   * The other seat is there: begin, begin anew with a page that knows nothing, or mend. True when it is more than a look
   * from the lobby.
   * @param {string} page @param {boolean} [lobby]
   */
  #meet(page, lobby = false) {
    this.#peer = page;
    if (this.#seat === "patient") {
      if (this.#warmWith === page && !lobby) this.#open();
      else if (this.#warmWith && this.#warmWith !== page) this.#turnAway();
      this.#lobby = lobby;
      this.#warmWith = lobby ? page : null;
      if (lobby) return false;
    }
    if (this.#connection && !this.#lobby) this.#watch.watch(this.#connection.pc);
    this.#begin(page);
    return !lobby;
  }

  /** @param {string} page */
  #begin(page) {
    this.#tell();
    if (this.#seat === "patient") {
      if (this.#broken) this.#guard(); // the offer comes by itself
    } else if (this.#offeredTo !== page) {
      this.#then(() => this.#offerTo(page));
    } else if (this.#broken) {
      this.#recover();
    }
  }

  /** @param {{microphone: boolean, camera: boolean, receiving: boolean, level: number}} state */
  #heed(state) {
    this.#watch.expected = state.microphone || state.camera;
    this.#gap.told(state.receiving, this.#connection?.pc);
    this.#emit("peer-state", state);
    this.#emit("quality", { level: state.level, whose: "theirs" });
  }

  // --- the connection: one step at a time ---------------------------------------------------------------------

  /** @param {() => unknown} step */
  #then(step) {
    const guarded = async () => void (this.#over || (await step()));
    this.#steps = this.#steps.then(guarded).catch((error) => console.warn("call: a step failed", error));
    return this.#steps;
  }

  async #build() {
    const connection = await this.#fresh();
    if (this.#over) return connection.close();
    this.#former?.close();
    this.#former = this.#connection;
    this.#former?.retire();
    this.#remote.begin();
    this.#offeredTo = null;
    this.#connection = connection;
    connection.voice = this.#ladder.voice;
    this.#ladder.join(connection.pc);
    if (this.#peer && !this.#lobby) this.#watch.watch(connection.pc);
    if (this.#seat === "practitioner") await connection.prepareOffer(this.#outgoing);
  }

  /** The connection that was kept ready, or a new one. */
  async #fresh() {
    const spare = this.#spare;
    this.#spare = null;
    if (spare && this.#reach.isFresh) return spare;
    spare?.close();
    return new Connection(await this.#reach.renew(), {
      say: (type, fields) => this.#signal.send(type, fields),
      show: (track) => this.#remote.take(track, this.#lobby),
      measured: (words) => this.#emit("measured", { words }),
      changed: () => this.#changed(),
    });
  }

  /** The browser says that the connection stands, or that it gave it up. */
  #changed() {
    if (this.#inLobby && this.#connection?.connected) this.#emit("warm", {});
    if (this.#connection?.pc.connectionState === "failed") this.#recover();
  }

  /** @param {string} page */
  async #offerTo(page) {
    if (!this.#connection || this.#offeredTo !== null) await this.#build();
    this.#offeredTo = page;
    this.#connection?.offer();
    this.#guard();
  }

  /** @param {string} sdp */
  async #answer(sdp) {
    const known = this.#connection;
    if (!known || known.isForAnother(sdp)) await this.#build();
    else if (known.pc.remoteDescription || !this.#reach.isFresh) known.renew(await this.#reach.renew());
    await this.#connection?.answer(sdp, this.#outgoing);
    if (this.#lobby) this.#spare ??= await this.#fresh(); // who takes the visit need not be who stands in the lobby
    else this.#guard();
  }

  /** Something is wrong: the practitioner's side mends it, the patient's side asks for that. Once per watchdog. */
  #recover() {
    if (this.#over || this.#watchdog !== undefined || !this.#peer) return;
    if (this.#lobby) return this.#inLobby ? this.#end("cold") : undefined;
    this.#guard();
    if (this.#seat === "patient") this.#signal.send("restart");
    else this.#then(() => this.#mend());
  }

  /** First new ICE credentials on the same connection, then, every second time, a new connection. */
  async #mend() {
    const peer = this.#peer;
    if (!peer || !this.#connection) return;
    if (this.#attempts++ % 2 === 1) return this.#offerTo(peer);
    this.#connection.renew(await this.#reach.renew());
    await this.#connection.offerAgain();
  }

  /** Begin to count: what is not connected, or does not flow, in 4 s is begun again. */
  #guard() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => {
      this.#watchdog = undefined;
      if (this.#broken) this.#recover();
    }, WATCHDOG);
  }

  /** A peer that sends nothing is not broken as long as the connection stands. */
  get #broken() {
    return !this.#connection?.connected || (!this.#lobby && this.#watch.expected && !this.#watch.flowing);
  }

  /** @param {"live" | "flow"} type @param {any} detail */
  #flows(type, detail) {
    this.#attempts = 0;
    this.#tell();
    if (type === "flow") (this.#ladder.whole(), this.#gap.over(this.#connection?.pc), this.#ladder.tally.cut(detail.seconds));
    this.#emit(type, detail);
  }

  /** @param {string} reason */
  #end(reason) {
    if (this.#over) return;
    if (this.#inLobby && reason === "cold") this.#signal.send("bye", { reason: "left" });
    this.#over = true;
    this.#listening.abort();
    clearTimeout(this.#watchdog);
    this.#watch.stop();
    this.#ladder.stop();
    for (const one of [this.#connection, this.#former, this.#spare]) one?.close();
    this.#signal.inCall = false;
    this.#emit("ended", { reason });
  }

  /** @param {string} type @param {object} detail */
  #emit(type, detail) {
    return this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
