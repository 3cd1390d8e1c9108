// @ts-check
/**
 * « Versions »: what the note was at each save. To take one back writes it into the note, where it is saved like any
 * other words; what stood there was saved before, so nothing is lost.
 * @module
 */

import { load } from "../fragment.js";

/** @param {() => import("./note.js").Note | null} present */
export function watchVersions(present) {
  const sheet = /** @type {HTMLDialogElement} */ (document.getElementById("sheet-versions"));
  const list = /** @type {HTMLElement} */ (document.getElementById("versions"));
  const wrong = /** @type {HTMLElement} */ (sheet.querySelector("[data-versions-wrong]"));

  async function open() {
    wrong.hidden = true;
    if (!sheet.open) sheet.showModal();
    try {
      await present()?.flush();
    } catch {
      wrong.hidden = false; // what is typed now is not among the versions yet: it stays in the note
    }
    await load(list, "/desk/versions").catch(() => (wrong.hidden = false));
  }

  /** @param {string} body */
  function takeBack(body) {
    const note = present();
    if (!note || note.dirty) return void (wrong.hidden = false);
    note.form.write(JSON.parse(body));
    note.form.element.dispatchEvent(new CustomEvent("written", { bubbles: true }));
    sheet.close();
    document.getElementById("examination")?.focus();
  }

  document.addEventListener("click", (event) => {
    const pressed = event.target instanceof Element && event.target.closest("[data-versions], [data-version], [data-take-back]");
    if (!(pressed instanceof HTMLElement)) return;
    const { version, takeBack: body } = pressed.dataset;
    if (body) takeBack(body);
    else if (version) void load(/** @type {HTMLElement} */ (document.getElementById("version")), `/desk/versions/${version}`).catch(() => (wrong.hidden = false));
    else void open();
  });
}
