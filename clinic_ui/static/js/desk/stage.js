// @ts-check
/**
 * What the doctor sees of the call: the picture, what lies over it, and the controls. It shows; visit.js decides.
 * @module
 */

import { readTable } from "../ladder.js";
import { StillView } from "../still_view.js";
import { word } from "../words.js";

const CURTAIN = {
  calling: ["calling", "callingMore"],
  ringing: ["calling", "callingMore"],
  unanswered: ["unanswered", "unansweredMore"],
  away: ["away", "awayMore"],
  ended: ["endedTitle", "endedMore"],
  left: ["leftTitle", "leftMore"],
  elsewhere: ["elsewhereTitle", "elsewhereMore"],
  telephone: ["telephoneTitle", "telephoneMore"],
  deferred: ["deferredTitle", "deferredMore"],
};
const BARS = { video: 4, small: 2, still: 1, voice: 1, telephone: 0, deferred: 0 }; // at most, on each rung
const WEAK = { mine: "weakMine", theirs: "weakTheirs", both: "weakBoth" };

/** @typedef {import("../ladder.js").Rung} Rung */
/** @typedef {{rung: Rung, weak: "mine" | "theirs" | "both" | null, theirs: Rung | null, dark: boolean}} Line */

/** @type {Line} */ const GOOD = { rung: "video", weak: null, theirs: null, dark: false };

/** @param {string} selector @returns {HTMLElement[]} */
const all = (selector) => /** @type {HTMLElement[]} */ ([...document.querySelectorAll(selector)]);

/** @param {string} selector @param {string} words */
export function put(selector, words) {
  for (const one of all(selector)) if (one.textContent !== words) one.textContent = words;
}

/** The hour on the wall of the village: « 10:42 ». */
export function clock() {
  const timeZone = document.getElementById("workbench")?.dataset.zone;
  return new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone });
}

/** The second on the wall of the village: « 10:42:05 ». @param {Date} at */
function seconds(at) {
  const timeZone = document.getElementById("workbench")?.dataset.zone;
  return at.toLocaleTimeString(document.documentElement.lang, { hourCycle: "h23", timeZone });
}

/** Emits `act` {act}: a control or a button over the picture was pressed. */
export class Stage extends EventTarget {
  #visit;
  #media;
  #room = /** @type {HTMLElement} */ (document.getElementById("workbench"));
  #stage = /** @type {HTMLElement} */ (document.querySelector("[data-stage]"));
  #remote = /** @type {HTMLVideoElement} */ (document.querySelector("video[data-remote]"));
  #levels = { mine: 4, theirs: 4 };
  #peer = { microphone: true, camera: true };
  #silentSince = 0;
  #line = GOOD;
  #table = readTable();
  #still = new StillView(this.#stage, (at) => ((this.#stillAt = at), this.#note()));
  /** @type {Date | null} */ #stillAt = null;

  /** @param {import("./visit.js").Visit} visit @param {import("./media.js").Media} media */
  constructor(visit, media) {
    super();
    this.#visit = visit;
    this.#media = media;
    /** @param {string} type @param {(detail: any) => void} hear */
    const on = (type, hear) => visit.addEventListener(type, (event) => hear(/** @type {CustomEvent} */ (event).detail));
    on("phase", () => this.show());
    on("picture", ({ stream }) => this.#picture(stream));
    on("arriving", () => this.#visit.phase === "ringing" && put("[data-curtain-title]", word("arriving")));
    on("silence", () => ((this.#silentSince = Date.now() - 1500), this.#note()));
    on("flow", () => ((this.#silentSince = 0), this.#note()));
    on("quality", ({ level, whose }) => ((this.#levels[/** @type {"mine" | "theirs"} */ (whose)] = level), this.#tellLine()));
    on("line", (line) => this.#stand(line));
    on("still", ({ picture, takenAt }) => this.#still.show(picture, takenAt));
    on("peer", (peer) => ((this.#peer = peer), this.#note()));
    media.addEventListener("changed", () => this.#self());
    media.addEventListener("state", () => (this.#checks(), this.#note()));
    document.addEventListener("click", (event) => this.#press(event));
    setInterval(() => (this.#silentSince && this.#note(), this.#without()), 1000);
    for (const apart of all("[data-act=apart]")) apart.hidden = !document.pictureInPictureEnabled;
    this.#self();
    this.#checks();
    this.show();
  }

  /** Who is on the stage. @param {string} name @param {string} place */
  who(name, place) {
    put("[data-stage] [data-name]", name);
    put("[data-stage] [data-place]", place);
  }

  /** Show what belongs to the phase. */
  show() {
    const { liveAt } = this.#visit;
    const phase = this.#place;
    this.#room.dataset.phase = phase;
    this.#room.classList.toggle("workbench--waiting", phase === "free");
    for (const part of all("[data-view]")) part.hidden = (part.dataset.view === "free") !== (phase === "free");
    for (const part of all("[data-when]")) {
      const empty = part.hasAttribute("data-phone") && part.getAttribute("href") === "#";
      part.hidden = empty || !(part.dataset.when ?? "").split(" ").includes(phase);
    }
    for (const busy of all("[data-busy]")) busy.hidden = phase === "free";
    const [title, more] = CURTAIN[/** @type {keyof typeof CURTAIN} */ (phase)] ?? [];
    put("[data-curtain-title]", title ? word(title) : "");
    put("[data-curtain-more]", more ? word(more) : "");
    for (const curtain of all("[data-curtain]")) curtain.hidden = !title && !this.#unheard;
    this.#stage.classList.toggle("video--still", ["away", "ended", "left", "telephone", "deferred"].includes(phase) || this.#line.theirs === "voice");
    for (const button of all(".controls [data-act]")) {
      const asleep = button.dataset.act === "hang-up" ? !this.#visit.calling : button.dataset.act !== "mute" && button.dataset.act !== "camera" && this.#visit.phase !== "live";
      /** @type {HTMLButtonElement} */ (button).disabled = asleep;
    }
    if (liveAt) for (const clock of all("[data-clock]")) clock.setAttribute("datetime", liveAt);
    if (!this.#visit.calling) this.#forget();
    this.#tellLine();
    this.#note();
  }

  #forget() {
    this.#silentSince = 0;
    this.#line = GOOD;
    this.#still.pause(false);
    this.#levels = { mine: 4, theirs: 4 };
    this.#peer = { microphone: true, camera: true };
    if (this.#visit.phase === "free" || this.#visit.phase === "elsewhere") this.#remote.srcObject = null;
    if (document.fullscreenElement) void document.exitFullscreen();
    if (document.pictureInPictureElement) void document.exitPictureInPicture();
  }

  /** @param {MediaStream} stream */
  #picture(stream) {
    if (this.#remote.srcObject !== stream) this.#remote.srcObject = stream;
    this.#remote.requestVideoFrameCallback?.(() => this.#visit.seen());
    void this.#play();
  }

  get #unheard() {
    return all("[data-hear]").some((button) => !button.hidden);
  }

  async #play() {
    let blocked = false;
    try {
      await this.#remote.play();
    } catch (error) {
      // after a reload the browser wants a press before it makes a sound
      blocked = error instanceof DOMException && error.name === "NotAllowedError";
    }
    for (const button of all("[data-hear]")) button.hidden = !blocked;
    this.show();
  }

  #self() {
    const seen = !!this.#media.stream?.getVideoTracks().length && this.#visit.camera;
    for (const video of all("video[data-self]")) /** @type {HTMLVideoElement} */ (video).srcObject = seen ? this.#media.stream : null;
    for (const none of all("[data-no-picture]")) none.hidden = seen;
  }

  /** The words of the desk's own camera, microphone and line. */
  #checks() {
    const { camera, microphone } = this.#media;
    const keys = { asking: "cameraAsking", ready: "cameraReady", refused: "cameraRefused", absent: "cameraAbsent" };
    const key = camera === "ready" && !this.#visit.camera ? "cameraOff" : keys[camera];
    put("[data-camera-words]", word(key));
    this.check("camera", camera === "ready", word(key));
    if (camera !== "asking") this.check("microphone", microphone, word(microphone ? "microphoneReady" : "microphoneAbsent"));
    for (const again of all("[data-camera-again]")) again.hidden = camera === "asking" || this.#media.complete;
    for (const button of all("[data-camera-switch]")) button.hidden = camera !== "ready";
  }

  /** @param {string} what @param {boolean} good @param {string} words */
  check(what, good, words) {
    const line = document.querySelector(`[data-check=${what}]`);
    line?.classList.toggle("is-good", good);
    line?.classList.toggle("is-bad", !good);
    put(`[data-check=${what}] b`, words);
  }

  /** Where the visit is: in a call that carries no voice, what then helps. @returns {import("./visit.js").Phase | Rung} */
  get #place() {
    const { phase } = this.#visit;
    const { rung } = this.#line;
    return phase === "live" && (rung === "telephone" || rung === "deferred") ? rung : phase;
  }

  /** Where the call stands on the ladder. @param {Line} line */
  #stand(line) {
    this.#line = line;
    this.#still.pause(line.theirs !== null && !this.#table.with_video.includes(line.theirs));
    this.show();
  }

  /** What goes over the line, and whose it is. */
  #tellLine() {
    const { rung, weak } = this.#line;
    const level = Math.min(this.#levels.mine, this.#levels.theirs, BARS[rung]);
    document.querySelector("[data-stage] .bars")?.setAttribute("data-q", String(level));
    const good = rung === "video" && level > 2;
    put("[data-line]", word(rung === "video" ? `line${level}` : rung));
    const whose = weak && !good ? word(WEAK[weak]) : "";
    put("[data-line-more]", [word(rung === "video" ? `line${level}More` : `${rung}More`), whose].filter(Boolean).join(" "));
    this.#without();
  }

  /** The seconds without video, for they count. */
  #without() {
    const seconds = Math.round(this.#visit.withoutVideo);
    const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    const late = seconds > this.#table.without_video_most;
    for (const badge of all("[data-without]")) {
      badge.hidden = seconds < 1 || this.#visit.phase !== "live";
      badge.classList.toggle("over--late", late);
    }
    put("[data-without] b", word("withoutVideo", { clock }));
    put("[data-without] span", late ? word("withoutVideoLate") : "");
  }

  /** One sentence at the top of the picture, the gravest first. */
  #note() {
    const live = this.#place === "live";
    const cut = this.#silentSince && word("cut", { seconds: Math.round((Date.now() - this.#silentSince) / 1000) });
    const words = !live
      ? ""
      : cut ||
        (this.#media.lost && word(this.#media.lost === "audio" ? "microphoneLost" : "cameraLost")) ||
        (this.#visit.muted && word("ownMuted")) ||
        (!this.#peer.microphone && word("theirMicrophone")) ||
        (!this.#peer.camera && word("theirCamera")) ||
        (this.#stillAt && word("stillOf", { time: seconds(this.#stillAt) })) ||
        "";
    put("[data-notice]", words);
    for (const notice of all("[data-notice]")) notice.hidden = !words;
  }

  /** Show whether the own microphone and camera are on. */
  switches() {
    const { muted, camera } = this.#visit;
    turn("mute", !muted, word(muted ? "micOff" : "micOn"), muted ? "mic-off" : "mic");
    turn("camera", camera, word(camera ? "cameraOn" : "cameraOffShort"), camera ? "camera" : "camera-off");
    this.#self();
    this.#checks();
    this.#note();
  }

  /** @param {Event} event */
  #press(event) {
    const button = event.target instanceof Element && event.target.closest("[data-act]");
    if (!(button instanceof HTMLElement)) return;
    const act = button.dataset.act ?? "";
    if (act === "hear") void this.#play();
    else if (act === "large") void (document.fullscreenElement ? document.exitFullscreen() : this.#stage.requestFullscreen());
    else if (act === "apart") void (document.pictureInPictureElement ? document.exitPictureInPicture() : this.#remote.requestPictureInPicture());
    else this.dispatchEvent(new CustomEvent("act", { detail: { act } }));
  }
}

/** @param {string} act @param {boolean} on @param {string} words @param {string} drawing */
function turn(act, on, words, drawing) {
  for (const button of all(`.controls [data-act=${act}]`)) {
    button.setAttribute("aria-pressed", String(on));
    const label = button.querySelector("span");
    if (label) label.textContent = words;
    const use = button.querySelector("use");
    use?.setAttribute("href", `${use.getAttribute("href")?.split("#")[0]}#i-${drawing}`);
  }
}
