// @ts-check
/**
 * The doctor's one page, put together: the line to the server, the queue, the call, the record and the signature.
 * @module
 */

import { fetchFragment, load, place } from "../fragment.js";
import { later } from "../later.js";
import { follow, hush, whenQuiet } from "../live.js";
import { say } from "../page.js";
import { Signal } from "../signal.js";
import { word } from "../words.js";
import { lineTicket, link, tellNetwork, tellSession } from "./api.js";
import { Media } from "./media.js";
import { clock, put, Stage } from "./stage.js";
import { Visit } from "./visit.js";

const READ_AFTER = 80; // ms: a pointer that only passes rests shorter
const PICTURE_FIRST = 700; // ms: a call is usually set up by then; who reads while it rings waits no longer

const room = /** @type {HTMLElement} */ (document.getElementById("workbench"));
const signal = new Signal({ fetchTicket: lineTicket });
const media = new Media();
const at = { ...room.dataset }; // where the server says the visit is
const visit = new Visit(signal, media, at.encounter ? "calling" : "free");
const stage = new Stage(visit, media);
/** @type {import("./third.js").DeskThird | null} */ let third = null;
/** @type {import("./sign.js").Signing | null} */ let signing = null;
/** @type {import("./note.js").Note | null} */ let note = null;
/** @type {import("./prescription.js").Prescription | null} */ let prescription = null;
let patient = at.name ?? "";

/** @type {Promise<typeof import("./writing.js")> | null} */ let writing = null;
/** What writing a record takes; it comes once. */
const withWriting = () => (writing ??= later(() => import("./writing.js")).then(begin));

/** @param {typeof import("./writing.js")} made */
function begin(made) {
  new made.Device(visit);
  made.watchVersions(() => note);
  signing = new made.Signing();
  on(signing, "signing", ({ busy }) => (visit.settling = busy));
  on(signing, "signed", ({ promise }) => signed(promise));
  return made;
}

/** A guest may be there once a call runs, or is to be invited. It waits for the first picture: it must not slow it down. */
async function withThird() {
  if (third) return;
  const { DeskThird } = await later(() => import("./third.js"));
  third ??= new DeskThird(visit, media, signal);
}

/** @param {EventTarget} from @param {string} type @param {(detail: any) => unknown} hear */
const on = (from, type, hear) => from.addEventListener(type, (event) => hear(/** @type {CustomEvent} */ (event).detail));

/** @param {string} name @param {string} [words] none leaves the banner's own */
function trouble(name, words) {
  const banner = document.querySelector(`[data-trouble=${name}]`);
  if (!(banner instanceof HTMLElement)) return;
  const line = banner.querySelector("p");
  if (words && line) line.textContent = words;
  banner.hidden = false;
}

/** @param {string} name */
function calm(name) {
  const banner = document.querySelector(`[data-trouble=${name}]`);
  if (banner instanceof HTMLElement) banner.hidden = true;
}

// --- the line to the server -------------------------------------------------------------------------------------

follow(signal);
on(signal, "open", ({ again }) => {
  stage.check("line", true, word("lineReady"));
  tellNetwork(false);
  if (again) signal.dispatchEvent(new CustomEvent("reconnected"));
  void visit.look();
  note?.again();
});
on(signal, "lost", () => {
  stage.check("line", false, word("lineLost"));
  tellNetwork(true);
});
on(signal, "closed", ({ code }) => code !== 1000 && stage.check("line", false, word("elsewhereTitle")));
on(signal, "nudge", ({ line }) => {
  if (line.startsWith("desk:")) whenQuiet(lookAgain);
});
on(link, "network", ({ away }) => (away ? trouble("network", word("network", { time: clock() })) : calm("network")));
on(link, "session", ({ over }) => {
  if (over) return trouble("session");
  calm("session");
  note?.again();
});
addEventListener("offline", () => tellNetwork(true));
addEventListener("online", () => tellNetwork(false));
// a call runs or words are not saved: this page says it itself instead of going to the sign-in
document.addEventListener("signed-out", (event) => {
  if (visit.phase === "free" && !note?.dirty && !prescription?.dirty) return;
  event.preventDefault();
  tellSession(true);
});
addEventListener("beforeunload", (event) => {
  if (visit.calling || note?.dirty || prescription?.dirty) event.preventDefault();
});

// --- the queue ---------------------------------------------------------------------------------------------------

let waiting = Number(document.querySelector("[data-queue]")?.getAttribute("data-queue") ?? 0);
function countQueue() {
  const now = Number(document.querySelector("[data-queue]")?.getAttribute("data-queue") ?? 0);
  put("[data-waiting-count]", String(now));
  if (now > waiting) say(word("newcomer"));
  waiting = now;
  document.title = document.title.replace(/^.*?(?= – )/, now ? word("titleWaiting", { count: now }) : word("title"));
}
document.querySelector(".side")?.addEventListener("placed", countQueue);
countQueue();

/** Is there another document of the visit? @param {string} encounter */
async function lookForDocuments(encounter) {
  if (encounter) await (await later(() => import("./documents.js"))).lookForDocuments(encounter);
}

/** Something of the visit moved. */
function lookAgain() {
  void visit.look();
  void measuresAgain();
  void lookForDocuments(visit.encounter);
}

/** Somebody took measures, or something else of the visit moved: what is the same stays untouched. */
async function measuresAgain() {
  const encounter = visit.encounter;
  const text = encounter ? await fetchFragment("/desk/measures").catch(() => null) : null;
  if (text === null || text === measured || visit.encounter !== encounter) return;
  measured = text;
  place(byId("measures"), text);
}
let measured = "";

/** Fetch a live piece now. @param {string} src */
function refresh(src) {
  // @ts-ignore the element of live.js
  for (const one of document.querySelectorAll(`tc-live[src="${src}"]`)) void one.refresh();
}

document.addEventListener("click", (event) => {
  const pressed = event.target instanceof Element && event.target.closest("button");
  if (!(pressed instanceof HTMLButtonElement)) return;
  if (pressed.dataset.take) void take(pressed);
  if (pressed.hasAttribute("data-dismiss")) pressed.closest("[data-trouble]")?.setAttribute("hidden", "");
  if (pressed.hasAttribute("data-measures-again")) ((measured = ""), void load(byId("measures"), "/desk/measures"));
  if (pressed.hasAttribute("data-camera-again")) void media.open();
  if (pressed.hasAttribute("data-camera-switch")) (visit.show(!visit.camera), stage.switches());
  if (pressed.hasAttribute("data-signed-close")) hideSigned();
  if (pressed.hasAttribute("data-release")) void release();
  if (pressed.getAttribute("commandfor") === "sheet-alert" && visit.encounter) void load(byId("alert-body"), "/desk/alert");
});

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

let reading = 0;
/** The pointer or the keyboard rests on a card of the queue: it is read, and the line to that cabin gets warm. @param {Event} event */
function read(event) {
  const card = event.target instanceof Element && event.target.closest(".queue li");
  const button = card && card.querySelector("[data-take]");
  clearTimeout(reading);
  if (button instanceof HTMLElement) reading = setTimeout(() => warm(button.dataset.take ?? ""), READ_AFTER);
}
document.addEventListener("pointerover", read);
document.addEventListener("focusin", read);
/** @param {string} encounter */
function warm(encounter) {
  void visit.warm(encounter);
  void withWriting();
}
on(visit, "warm", ({ encounter }) => (room.dataset.warm = encounter));

/** @param {HTMLButtonElement} pressed */
async function take(pressed) {
  clearTimeout(reading);
  if (visit.phase !== "free") return;
  const { take = "", name = "", place = "" } = pressed.dataset;
  patient = name;
  hush(PICTURE_FIRST);
  const receive = () => {
    hideSigned();
    calm("refused");
    calm("told");
    stage.who(name, place);
    byId("record").replaceChildren();
  };
  visit.addEventListener("phase", receive, { once: true }); // together with the other screen: it is drawn once
  await visit.take(take);
  if (visit.encounter) await firstPicture();
  if (visit.encounter) await openRecord();
}

/** Wait for the picture, or for as long as it usually takes: the record must not slow it down. @returns {Promise<void>} */
function firstPicture() {
  return new Promise((done) => {
    const late = setTimeout(done, PICTURE_FIRST);
    const look = () => {
      if (["calling", "ringing"].includes(visit.phase)) return;
      clearTimeout(late);
      visit.removeEventListener("phase", look);
      done();
    };
    visit.addEventListener("phase", look);
  });
}

/** Fetch what belongs to the visit: record first, for the doctor reads while it rings. */
async function openRecord() {
  measured = "";
  await withWriting(); // words are written only where they will be saved
  await load(byId("record"), "/desk/record");
  await watchNote();
  void lookForDocuments(visit.encounter);
  const pieces = { measures: "/desk/measures", "alert-body": "/desk/alert", "phones-body": "/desk/phones" };
  await Promise.all(Object.entries(pieces).map(([id, src]) => load(byId(id), src)));
  const phone = byId("alert-body").querySelector(".dial--quiet");
  for (const link of document.querySelectorAll("[data-phone]")) {
    if (!phone) continue;
    link.setAttribute("href", phone.getAttribute("href") ?? "#");
    link.querySelector("span")?.replaceChildren(phone.querySelector("b")?.textContent ?? "");
  }
}

// --- the note and its signature ----------------------------------------------------------------------------------

async function watchNote() {
  const { Note, sayState } = await withWriting();
  const form = document.getElementById("note");
  if (!(form instanceof HTMLFormElement) || !signing) return;
  note?.close();
  stage.who(form.dataset.name ?? patient, form.dataset.place ?? "");
  note = signing.note = new Note(form);
  prescription?.close();
  prescription = signing.prescription = null;
  on(note, "state", ({ state }) => sayState(state));
  on(note, "merged", ({ clashes }) => trouble("told", word(clashes.length ? "clash" : "merged")));
}

document.addEventListener("chosen", (event) => {
  const tab = event.target;
  if (!(tab instanceof HTMLElement)) return;
  const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
  if (!panel?.dataset.src || panel.childElementCount) return;
  if (panel.id === "panel-prescription") void openPrescription(panel, panel.dataset.src);
  else if (panel.id === "panel-documents") void openDocuments(panel, panel.dataset.src);
  else void load(panel, panel.dataset.src);
});

/** The script first: lines are written only where they will be saved. @param {HTMLElement} panel @param {string} src */
async function openPrescription(panel, src) {
  const { Prescription } = await later(() => import("./prescription.js"));
  await load(panel, src);
  watchPrescription(Prescription);
}

/** The scripts first: a file is chosen only where it will be sent. @param {HTMLElement} panel @param {string} src */
async function openDocuments(panel, src) {
  await later(() => Promise.all([import("./documents.js"), import("../send_file.js"), import("../viewer.js")]));
  await load(panel, src);
}

/** @param {typeof import("./prescription.js").Prescription} Prescription */
function watchPrescription(Prescription) {
  const form = document.getElementById("prescription");
  if (!(form instanceof HTMLFormElement) || !signing) return;
  prescription?.close();
  prescription = signing.prescription = new Prescription(form);
  on(prescription, "again", () => watchPrescription(Prescription));
}

/** @param {unknown} promise */
function signed(promise) {
  const wish = note?.form.read().follow_up ?? null;
  put("[data-signed-title]", word("signed", { time: clock() }));
  put("[data-signed-for]", word("signedFor", { name: patient }));
  const words = promise && wish ? note?.form.words(wish, (days) => word("inDays", { days })) : "";
  put("[data-signed-promise]", words ? word("signedPromise", { wish: words }) : word("signedNoPromise"));
  if (promise) countFollowUp();
  free();
  const card = document.querySelector("[data-signed]");
  if (!(card instanceof HTMLElement)) return;
  card.hidden = false;
  card.focus();
}

/** One follow-up more is to be booked. */
function countFollowUp() {
  const link = document.querySelector('.bar nav a[href="/desk/follow-ups"]');
  const known = link?.querySelector(".count");
  const count = known ?? document.createElement("span");
  count.className = "count num";
  count.textContent = String(Number(known?.textContent ?? 0) + 1);
  count.removeAttribute("aria-label");
  if (!known) link?.append(" ", count);
}

function hideSigned() {
  document.querySelector("[data-signed]")?.setAttribute("hidden", "");
}

/** The desk is free again: nothing of the former patient stays in the page. */
function free() {
  note?.close();
  prescription?.close();
  note = prescription = null;
  if (signing) signing.note = signing.prescription = null;
  visit.leave();
  stage.who("", "");
  byId("record").replaceChildren();
  byId("measures").replaceChildren();
  byId("alert-body").replaceChildren();
  byId("phones-body").replaceChildren();
  void load(byId("alert-body"), "/desk/alert").catch(() => {});
  refresh("/desk/queue");
  refresh("/desk/planned");
}

async function release() {
  const sheet = byId("sheet-release");
  if (sheet instanceof HTMLDialogElement) sheet.close();
  await note?.flush().catch(() => {});
  await prescription?.flush().catch(() => {});
  await visit.release();
}

/** The call ended: what is read before signing, and the list of incidents, say so. */
function readAgain() {
  refresh("/desk/incidents");
  if (signing?.isOpen) void signing.open();
}

// --- the visit ---------------------------------------------------------------------------------------------------

on(stage, "act", ({ act }) => {
  if (act === "mute") (visit.mute(!visit.muted), stage.switches(), third?.setMuted(visit.muted));
  if (act === "camera") (visit.show(!visit.camera), stage.switches());
  if (act === "hang-up") visit.hangUp();
  if (act === "again") void visit.again();
  if (act === "ring") (signing?.close(), void visit.ring());
  if (act === "guest") void withThird();
  if (act === "later") (visit.hangUp(), byId("tab-notes").click(), byId("follow_up").scrollIntoView({ block: "center" }));
  if (act === "reload") location.reload();
  const sheet = byId("sheet-release");
  if (act === "release" && sheet instanceof HTMLDialogElement) sheet.showModal();
});
on(visit, "refused", ({ message }) => {
  trouble("refused", message || word("failed"));
  refresh("/desk/queue");
});
on(visit, "released", () => {
  trouble("told", word("released", { name: patient }));
  free();
});
on(visit, "gone", () => {
  if (note?.dirty) return trouble("refused", word("goneTitle")); // the words stay in sight
  trouble("told", word("goneTitle"));
  free();
});
on(visit, "phase", ({ phase }) => {
  for (const link of document.querySelectorAll(".bar nav a, .logo")) {
    if (phase === "free") link.removeAttribute("target");
    else link.setAttribute("target", "_blank"); // this page holds the call
  }
  if (phase === "ended") readAgain();
  if (phase === "live" || phase === "away") void withThird();
});
on(visit, "hung-up", readAgain);

void media.open();
void visit.prepare();
signal.open();
addEventListener("pagehide", () => signal.close());
if (at.encounter) {
  stage.switches();
  byId("record").inert = true; // words are written only where they will be saved
  void watchNote().then(() => (byId("record").inert = false));
  void lookForDocuments(at.encounter);
  void visit.resume(at.encounter, /** @type {any} */ (at.phase), at.live ?? null, Number(at.withoutVideo));
}
