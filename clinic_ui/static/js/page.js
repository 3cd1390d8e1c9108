/**
 * What both kinds of page need: sheets in browsers without `command`, one send for one touch, short notices.
 * @module
 */

/** Open and close sheets where the browser does not know `commandfor` yet. */
export function teachCommands() {
  if ("commandForElement" in HTMLButtonElement.prototype) return;
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("button[commandfor]");
    if (!(button instanceof HTMLButtonElement)) return;
    const sheet = document.getElementById(button.getAttribute("commandfor") ?? "");
    if (!(sheet instanceof HTMLDialogElement)) return;
    if (button.getAttribute("command") === "show-modal") sheet.showModal();
    else sheet.close();
  });
}

/**
 * Drop a second touch of the same link or button within `quiet` milliseconds, so that a form is sent once.
 * @param {number} quiet
 */
export function guardDoubleTaps(quiet) {
  /** @type {WeakMap<Element, number>} */
  const touched = new WeakMap();
  document.addEventListener(
    "click",
    (event) => {
      const one = event.target instanceof Element && event.target.closest("a[href], button:not([type=button])");
      if (!one) return;
      const last = touched.get(one) ?? -Infinity;
      if (event.timeStamp - last < quiet) {
        event.preventDefault();
        event.stopPropagation();
        return;
      }
      touched.set(one, event.timeStamp);
    },
    { capture: true },
  );
}

/** An element that cannot be used says why instead of doing nothing. */
export function refuseUnavailable() {
  document.addEventListener(
    "click",
    (event) => {
      const one = event.target instanceof Element && event.target.closest("[aria-disabled=true]");
      if (!one) return;
      event.preventDefault();
      event.stopPropagation();
      const why = document.getElementById(one.getAttribute("aria-describedby") ?? "");
      if (why) say(why.textContent?.trim() ?? "");
    },
    { capture: true },
  );
}

/**
 * Say a sentence to screen readers.
 * @param {string} words
 */
export function say(words) {
  const place = document.getElementById("spoken") ?? document.getElementById("toasts");
  if (place) place.textContent = words;
}

/** Bring the eye to what the server marked (an error summary). */
export function focusMarked() {
  const marked = document.querySelector("[data-focus]");
  if (marked instanceof HTMLElement) marked.focus();
}

/**
 * Keep one of the three settings in its cookie, as POST /settings would.
 * @param {"tc-theme" | "tc-text" | "tc-lang"} name
 * @param {string} value
 * @param {number} [seconds] how long; the browser's session when left out
 */
export function keepSetting(name, value, seconds) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const age = seconds ? `; Max-Age=${seconds}` : "";
  document.cookie = `${name}=${value}; Path=/; SameSite=Lax${age}${secure}`;
}
