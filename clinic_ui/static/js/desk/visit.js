// @ts-check
/**
 * The visit of this desk: taken, called, hung up, called again, given back. Everything for the call is ready before the
 * press, so that between the press and the first picture there is one answer of the server and one introduction.
 *
 *   free ⇄ warm (a card is read: connected, and nothing is sent)
 *   free ─take─▶ calling ─▶ ringing ─▶ live ⇄ away        live, ringing ─hang up─▶ ended ─ring─▶ ringing
 *                             └─ 20 s ─▶ unanswered        ended ─▶ left (the patient is gone) · free (signed, given back)
 *   any of them ─▶ elsewhere (another tab took the seat)
 *
 * The server knows where the visit is; `look` asks it at every nudge.
 * @module
 */

import { Call } from "../call.js";
import { forgetSwitches, keepSwitch, switchedOff } from "../call_switches.js";
import { ask, reach, Refused, tell } from "./api.js";

const SHOWN_AFTER = 120; // ms: most claims are won by then, and a screen drawn sooner would keep the first picture waiting
const ANSWER_WITHIN = 20_000; // ms: then the desk says that the cabin does not answer
const WARM_FOR = 60_000; // ms: a card that is read for longer is not about to be taken, and others may want to read it
const REPORT_EVERY = 20_000; // ms; a report that is lost costs nothing, the next says it all again
const FRESH_FOR = 8 * 60_000; // ms: relay credentials live ten minutes

/** @typedef {"free" | "calling" | "ringing" | "unanswered" | "live" | "away" | "ended" | "left" | "elsewhere"} Phase */

/**
 * Emits `phase`, `warm` {encounter: "" for none}, `hung-up` (the server knows), `picture` {stream}, `arriving`, `silence`, `flow`, `quality` {level, whose}, `line` {rung, weak, theirs, dark}, `still` {picture, takenAt}, `peer` {microphone,
 * camera}, `refused` {message}, `gone`, `released`.
 */
export class Visit extends EventTarget {
  /** @type {Phase} */ phase = "free";
  encounter = "";
  /** @type {string | null} */ liveAt = null;
  settling = false; // it is being given back or signed here: that it is gone is no news
  #signal;
  #media;
  /** @type {Call | null} */ #spare = null;
  /** @type {{encounter: string, call: Call, sits: boolean} | null} */ #lobby = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #cooling;
  /** @type {Call | null} */ #call = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #unanswered;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #renewing;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #reporting;
  #without = 0; // s of the former calls
  #silent = false;
  #absent = false;

  /** @param {import("../signal.js").Signal} signal @param {import("./media.js").Media} media @param {Phase} phase */
  constructor(signal, media, phase) {
    super();
    if (phase === "free") forgetSwitches(); // every visit begins with microphone and camera on
    this.muted = switchedOff().has("microphone");
    this.camera = !switchedOff().has("camera");
    this.phase = phase;
    this.#signal = signal;
    this.#media = media;
    media.addEventListener("changed", () => this.#calls.forEach((call) => void call.setStream(media.stream)));
    this.#renewing = setInterval(() => !this.#call && this.prepare(), FRESH_FOR);
    addEventListener("online", () => !this.#call && this.prepare());
  }

  /** Seconds of the visit without one of the pictures, in all its calls. */
  get withoutVideo() {
    return this.#without + (this.#call?.withoutVideo ?? 0);
  }

  /** Does a call run in this page, or wait to be answered? */
  get calling() {
    return ["calling", "ringing", "unanswered", "live", "away"].includes(this.phase);
  }

  get #calls() {
    return [this.#spare, this.#lobby?.call, this.#call].filter((one) => !!one);
  }

  /** Make connection, tracks, offer and candidates ready for the next press. Nothing is sent. */
  async prepare() {
    this.#spare?.hangUp("unused");
    this.#spare = this.#make();
    await this.#spare.prepare({ stream: this.#media.stream });
  }

  /** @param {boolean} [lobby] */
  #make(lobby = false) {
    const call = new Call({
      signal: this.#signal,
      seat: "practitioner",
      fetchSeatTicket: () => this.#seatTicket(),
      fetchReach: reach,
      lobby,
    });
    call.setMuted(this.muted);
    call.setCamera(this.camera);
    return call;
  }

  /**
   * A card is read: let the line to that cabin get warm, so that the press has only the tracks to put on it. Another doctor
   * may stand there already; then the press is as fast as without.
   * @param {string} encounter
   */
  async warm(encounter) {
    if (this.phase !== "free" || this.#call || !encounter || this.#lobby?.encounter === encounter) return;
    this.cool();
    const lobby = (this.#lobby = { encounter, call: this.#make(true), sits: false });
    lobby.call.addEventListener("ended", () => lobby === this.#lobby && this.cool());
    lobby.call.addEventListener("warm", () => this.dispatchEvent(new CustomEvent("warm", { detail: { encounter } })));
    try {
      const asked = ask("POST", `/api/encounters/${encounter}/lobby`);
      const [{ ticket }] = await Promise.all([asked, lobby.call.prepare({ stream: this.#media.stream })]);
      if (lobby !== this.#lobby) return;
      lobby.sits = true;
      lobby.call.join(ticket);
      this.#cooling = setTimeout(() => this.cool(), WARM_FOR);
    } catch (error) {
      console.info("desk: no lobby", error);
      if (lobby === this.#lobby) this.cool();
    }
  }

  /** Leave the lobby. */
  cool() {
    clearTimeout(this.#cooling);
    const lobby = this.#lobby;
    this.#lobby = null;
    lobby?.call.hangUp("left");
    if (lobby) this.dispatchEvent(new CustomEvent("warm", { detail: { encounter: "" } }));
  }

  /** The warm call of this visit, if there is one. @param {string} encounter */
  #warmCall(encounter) {
    const lobby = this.#lobby;
    if (lobby?.encounter !== encounter || !lobby.sits) this.cool();
    clearTimeout(this.#cooling);
    this.#lobby = null;
    return lobby?.encounter === encounter && lobby.sits ? lobby.call : null;
  }

  /** Take somebody out of the queue. @param {string} encounter */
  async take(encounter) {
    if (this.phase !== "free") return;
    this.encounter = encounter;
    this.phase = "calling";
    const late = setTimeout(() => this.phase === "calling" && this.#tell(), SHOWN_AFTER);
    const call = this.#warmCall(encounter) ?? this.#ready();
    this.#use(call);
    try {
      const pressed = { connection: this.#signal.connection, page: call.press() };
      const { ticket } = await ask("POST", `/api/encounters/${encounter}/claim`, pressed);
      if (call !== this.#call) return this.#join(ticket);
      call.enter(ticket);
      this.#rings();
    } catch (error) {
      if (call === this.#call && this.phase !== "calling") return; // only the answer was lost
      this.#call = null;
      call.hangUp("left");
      if (!this.#spare) void this.prepare();
      this.encounter = "";
      this.#to("free");
      this.#refuse(error);
    } finally {
      clearTimeout(late);
    }
  }

  /** Go on with a visit that the server says is this desk's. @param {string} encounter @param {Phase} phase @param {string | null} liveAt @param {number} withoutVideo s */
  async resume(encounter, phase, liveAt, withoutVideo) {
    this.#without = withoutVideo;
    this.encounter = encounter;
    this.liveAt = liveAt;
    if (phase !== "ringing" && phase !== "live") return this.#to(phase);
    this.#to("ringing");
    await this.again();
  }

  /** Sit down anew in a call that runs or rings. */
  async again() {
    this.#drop("again");
    const ticket = await this.#seatTicket().catch(() => null);
    if (ticket) this.#join(ticket);
    else await this.look();
  }

  /** Call again after hanging up. */
  async ring() {
    try {
      const { ticket } = await ask("POST", `/api/encounters/${this.encounter}/ring`);
      this.liveAt = null;
      this.#join(ticket);
    } catch (error) {
      this.#refuse(error);
      await this.look();
    }
  }

  /** End the call for both; the visit and its note stay. */
  hangUp() {
    if (!this.calling) return;
    void tell(`/api/encounters/${this.encounter}/hang-up`)
      .then(() => this.dispatchEvent(new CustomEvent("hung-up"))) // now the server knows when it ended
      .then(() => this.look());
    this.#drop("hung-up");
    this.#to("ended");
  }

  /** Give the patient back to the queue. */
  async release() {
    this.settling = true;
    try {
      await ask("POST", `/api/encounters/${this.encounter}/release`);
      this.#drop("released");
      this.dispatchEvent(new CustomEvent("released"));
    } catch (error) {
      this.#refuse(error);
    } finally {
      this.settling = false;
    }
  }

  /** The visit is closed: ready for the next one. */
  leave() {
    this.#drop("hung-up");
    this.encounter = "";
    this.liveAt = null;
    this.#without = 0;
    this.#to("free");
    void this.prepare();
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.muted = muted;
    keepSwitch("microphone", !muted);
    for (const call of this.#calls) call.setMuted(muted);
  }

  /** @param {boolean} on */
  show(on) {
    this.camera = on;
    keepSwitch("camera", on);
    for (const call of this.#calls) call.setCamera(on);
  }

  /** Ask the server where the visit is, and be there. */
  async look() {
    const mine = this.encounter;
    if (!mine || this.settling || this.phase === "calling" || this.phase === "elsewhere") return;
    const { visit } = await ask("GET", "/api/desk/visit").catch(() => ({ visit: undefined }));
    if (visit === undefined || this.settling || mine !== this.encounter) return;
    if (visit === null || visit.encounter_id !== mine) return void this.dispatchEvent(new CustomEvent("gone"));
    if (visit.call === "ended") {
      this.#drop("hung-up");
      this.#to(visit.patient_left ? "left" : "ended");
    } else if (this.phase === "ringing" && visit.patient_left) {
      this.#to("left");
    }
  }

  /** @param {string} ticket */
  #join(ticket) {
    this.cool();
    const call = this.#ready();
    this.#use(call);
    call.join(ticket);
    this.#rings();
  }

  /** The call that was made ready. @returns {Call} */
  #ready() {
    if (!this.#spare) void this.prepare();
    const call = /** @type {Call} */ (/** @type {unknown} */ (this.#spare));
    this.#spare = null;
    return call;
  }

  /** @param {Call} call */
  #use(call) {
    this.#call = call;
    this.#silent = this.#absent = false;
    this.#listen(call);
  }

  #rings() {
    if (this.phase === "live") return; // a warm line was faster than the answer
    this.#to("ringing");
    clearTimeout(this.#unanswered);
    this.#unanswered = setTimeout(() => this.phase === "ringing" && this.#to("unanswered"), ANSWER_WITHIN);
  }

  /** @param {Call} call */
  #listen(call) {
    /** @param {string} type @param {(detail: any) => void} hear */
    const on = (type, hear) =>
      call.addEventListener(type, (event) => call === this.#call && hear(/** @type {CustomEvent} */ (event).detail));
    const pass = (/** @type {string} */ type) => (/** @type {object} */ detail) =>
      this.dispatchEvent(new CustomEvent(type, { detail }));
    on("remote-track", pass("picture"));
    on("live", () => this.#live());
    on("joined", ({ present }) => (this.phase === "calling" && this.#rings(), present && pass("arriving")({})));
    on("peer-joined", () => ((this.#absent = false), pass("arriving")({})));
    on("peer-left", () => ((this.#absent = true), this.#lost())); // media may still flow
    on("silence", () => ((this.#silent = true), pass("silence")({}), this.#lost()));
    on("flow", ({ seconds }) => (this.#incident("cut", seconds), this.#live(), pass("flow")({})));
    on("quality", pass("quality"));
    on("measured", pass("measured"));
    on("peer-state", pass("peer"));
    on("line", pass("line"));
    on("still", pass("still"));
    on("ended", ({ reason }) => this.#ended(reason));
  }

  /** A picture is on the screen. */
  seen() {
    this.#call?.seen();
  }

  /** Nothing arrives, and the other seat is empty. */
  #lost() {
    if (this.#silent && this.#absent && this.phase === "live") this.#to("away");
  }

  #live() {
    this.#silent = false;
    clearTimeout(this.#unanswered);
    if (!this.liveAt) this.liveAt = new Date().toISOString();
    void tell(`/api/encounters/${this.encounter}/connected`);
    clearInterval(this.#reporting);
    this.#reporting = setInterval(() => this.#report(this.#call), REPORT_EVERY);
    this.#to("live");
  }

  /** Say what a call was like so far: seconds without video are part of the report. @param {Call | null} call */
  #report(call) {
    if (call?.report) void tell(`/api/encounters/${this.encounter}/quality`, call.report);
  }

  /** @param {Call | null} call */
  #over(call) {
    clearInterval(this.#reporting);
    this.#report(call);
    this.#without = this.withoutVideo;
    this.#call = null;
  }

  /** @param {string} kind @param {number} seconds */
  #incident(kind, seconds) {
    if (seconds >= 1) void tell(`/api/encounters/${this.encounter}/incidents`, { kind, seconds: Math.round(seconds) });
  }

  /** @param {string} reason */
  #ended(reason) {
    if (this.phase === "calling") return void (this.#call = null); // the line was warm: the claim's answer says who has the visit
    this.#over(this.#call);
    clearTimeout(this.#unanswered);
    if (reason === "replaced") return this.#to("elsewhere");
    this.#to("ended");
    void this.prepare();
    void this.look();
  }

  /** @param {string} reason */
  #drop(reason) {
    clearTimeout(this.#unanswered);
    const call = this.#call;
    this.#over(call);
    call?.hangUp(reason);
    if (call) void this.prepare();
  }

  /** @returns {Promise<string | null>} null when there is no call to sit in */
  async #seatTicket() {
    try {
      return (await ask("POST", `/api/encounters/${this.encounter}/seat`)).ticket;
    } catch (error) {
      if (error instanceof Refused && !error.passing) return null;
      throw error;
    }
  }

  /** @param {unknown} error */
  #refuse(error) {
    const message = error instanceof Refused ? error.message : "";
    this.dispatchEvent(new CustomEvent("refused", { detail: { message } }));
  }

  /** @param {Phase} phase */
  #to(phase) {
    if (phase === this.phase && phase !== "free") return;
    this.phase = phase;
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new CustomEvent("phase", { detail: { phase: this.phase } }));
  }
}
