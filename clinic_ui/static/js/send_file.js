// @ts-check
/**
 * A form that sends photos and PDFs: chosen or dropped, one after the other, with what happens to each in words.
 *
 *   <form data-send-files data-door="office" data-begin="/api/…"> <input type="file"> [data-title] [data-sending] </form>
 * @module
 */

import { Upload } from "./upload.js";
import { word } from "./words.js";

/** @type {Set<Upload>} */
const sending = new Set();
addEventListener("beforeunload", (event) => {
  if (sending.size) event.preventDefault();
});

document.addEventListener("change", (event) => {
  const input = event.target;
  const form = input instanceof HTMLInputElement && input.type === "file" && input.closest("form[data-send-files]");
  if (!(form instanceof HTMLFormElement) || !(input instanceof HTMLInputElement)) return;
  for (const file of input.files ?? []) void send(form, file);
  input.value = "";
});
document.addEventListener("submit", (event) => {
  if (event.target instanceof Element && event.target.matches("form[data-send-files]")) event.preventDefault();
});

/** @param {HTMLFormElement} form @param {File} file */
async function send(form, file) {
  const { door, begin, encounter } = form.dataset;
  const title = form.querySelector("[data-title]");
  const upload = new Upload(file, {
    door: /** @type {any} */ (door),
    begin: begin ?? "",
    encounter,
    title: title instanceof HTMLInputElement ? title.value : "",
  });
  const line = lineOf(form, file.name, () => (upload.stop(), over()));
  const over = () => sending.delete(upload);
  /** @param {string} type @param {(detail: any) => void} hear */
  const on = (type, hear) => upload.addEventListener(type, (told) => hear(/** @type {CustomEvent} */ (told).detail));
  on("progress", ({ sent, size }) => line.at(sent, size));
  on("sending", () => line.say("sending"));
  on("waiting", () => line.say("sendWaits"));
  on("checking", () => line.say("sendChecked"));
  on("refused", ({ message }) => line.end(message, false));
  on("done", () => {
    line.end(word("sendDone"), true);
    if (title instanceof HTMLInputElement) title.value = "";
    form.dispatchEvent(new CustomEvent("sent", { bubbles: true }));
  });
  sending.add(upload);
  await upload.send();
  over();
}

/** One line under the form: the file, how far it is, and a way to stop. @param {HTMLFormElement} form @param {string} name @param {() => void} stop */
function lineOf(form, name, stop) {
  const list = form.querySelector("[data-sending]");
  const line = document.createElement("li");
  const bar = document.createElement("progress");
  const words = document.createElement("span");
  const button = document.createElement("button");
  words.setAttribute("role", "status");
  bar.max = 1;
  bar.value = 0;
  bar.setAttribute("aria-label", name);
  button.type = "button";
  button.className = "btn btn--quiet btn--small";
  button.textContent = word("sendStop");
  button.addEventListener("click", () => (stop(), line.remove()));
  const title = document.createElement("b");
  title.textContent = name;
  line.append(title, bar, words, button);
  list?.append(line);
  return {
    /** @param {number} sent @param {number} size */
    at: (sent, size) => (bar.value = sent / size),
    /** @param {string} key */
    say: (key) => (words.textContent = word(key)),
    /** @param {string} sentence @param {boolean} well */
    end: (sentence, well) => {
      words.textContent = sentence;
      line.classList.add(well ? "is-done" : "is-refused");
      bar.remove();
      button.textContent = word("sendClear");
    },
  };
}
