// @ts-check
/**
 * « Montrer un papier »: the camera, a photo, look at it, take it again or send it; it goes on by itself after a loss.
 *
 *   aiming ─▶ looking ─▶ sending ⇄ waiting ─▶ sent ─▶ aiming
 *               └─ again ─▶ aiming      └─ refused ─▶ aiming
 *
 * The photo is in this page only, and is forgotten once it is sent, taken again, or the page is left.
 * @module
 */

import { Upload } from "../upload.js";
import { word } from "../words.js";

const QUALITY = 0.92;

/** @typedef {"aiming" | "blind" | "looking" | "sending" | "waiting" | "checking" | "sent" | "refused"} State */

/** Look after the sheet. @param {() => Promise<MediaStreamTrack | null>} see gives a track that sees fine print */
export function showPapers(see) {
  const sheet = document.getElementById("sheet-paper");
  if (sheet instanceof HTMLDialogElement) watch(sheet, see);
}

/** @param {HTMLDialogElement} sheet @param {() => Promise<MediaStreamTrack | null>} see */
function watch(sheet, see) {
  const video = /** @type {HTMLVideoElement} */ (sheet.querySelector("[data-paper-camera]"));
  const picture = /** @type {HTMLImageElement} */ (sheet.querySelector("[data-paper-photo]"));
  const words = /** @type {HTMLElement} */ (sheet.querySelector("[data-paper-words]"));
  const bar = /** @type {HTMLProgressElement} */ (sheet.querySelector("[data-paper-progress]"));
  /** @type {Blob | null} */ let photo = null;
  /** @type {MediaStreamTrack | null} */ let track = null;
  /** @type {Upload | null} */ let upload = null;
  /** @type {object | null} */ let pressed = null; // « Prendre la photo », until there is one
  let refusal = "";

  /** @param {State} now */
  function be(now) {
    sheet.dataset.state = now;
    words.textContent = now === "refused" ? refusal : word(`paper-${now}`);
    video.hidden = picture.hasAttribute("src");
    picture.hidden = !video.hidden;
    bar.hidden = !["sending", "waiting", "checking"].includes(now);
    for (const one of sheet.querySelectorAll("[data-when]")) {
      if (one instanceof HTMLElement) one.hidden = !(one.dataset.when ?? "").split(" ").includes(now);
    }
  }

  async function aim() {
    forget();
    be("aiming");
    track ??= await see();
    if (!track) return be("blind");
    if (!sheet.open) return rest();
    video.srcObject = new MediaStream([track]);
    await video.play().catch(() => undefined);
  }

  /** Let the camera go: its light goes out, unless the call has it too. */
  function rest() {
    track?.stop();
    track = null;
    video.srcObject = null;
  }

  function forget() {
    if (picture.hasAttribute("src")) URL.revokeObjectURL(picture.src);
    picture.removeAttribute("src");
    photo = pressed = null;
  }

  /** A press before the camera's picture is there counts: the photo is taken when it comes. */
  async function take() {
    if (pressed) return;
    const mine = (pressed = {});
    if (!video.videoWidth) await new Promise((done) => video.addEventListener("loadeddata", done, { once: true }));
    if (pressed !== mine) return;
    const canvas = document.createElement("canvas");
    canvas.width = video.videoWidth;
    canvas.height = video.videoHeight;
    canvas.getContext("2d")?.drawImage(video, 0, 0);
    photo = await new Promise((done) => canvas.toBlob(done, "image/jpeg", QUALITY));
    if (!photo) return be("blind");
    picture.src = URL.createObjectURL(photo);
    rest();
    be("looking");
  }

  async function send() {
    if (!photo || upload) return;
    const mine = (upload = new Upload(photo, { door: "cabin", begin: "/api/cabin/documents" }));
    /** @param {string} type @param {(detail: any) => void} hear */
    const on = (type, hear) => mine.addEventListener(type, (told) => hear(/** @type {CustomEvent} */ (told).detail));
    be("sending");
    on("progress", ({ sent, size }) => (bar.value = sent / size));
    on("sending", () => be("sending"));
    on("waiting", () => be("waiting"));
    on("checking", () => be("checking"));
    on("refused", ({ message }) => (forget(), (refusal = message), be("refused")));
    on("done", () => (forget(), be("sent")));
    await mine.send();
    upload = null;
  }

  /** @type {Record<string, () => void>} */
  const acts = { take: () => void take(), again: () => void aim(), send: () => void send() };
  sheet.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("button[data-paper]") : null;
    acts[button?.getAttribute("data-paper") ?? ""]?.();
  });
  // every way of opening and closing a sheet ends in this attribute
  new MutationObserver(() => {
    if (sheet.open && !upload) void aim();
    if (sheet.open) return;
    rest();
    if (!upload) forget();
  }).observe(sheet, { attributeFilter: ["open"] });
  addEventListener("pagehide", () => (upload?.stop(), rest(), forget()));
}
