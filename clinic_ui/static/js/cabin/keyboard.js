// @ts-check
/**
 * Letters on the screen, for cabins without a keyboard: a field that is touched with a finger gets them below it. The first
 * key of a real keyboard sends them away.
 *
 *   away ─ a finger touches a field ─▶ below it ─ « Fermer », a real key ─▶ away
 *
 * They come with the click, not with the touch or the focus: what moves in between would be hit instead of the field.
 * @module
 */

const AT_WORD = /(^|[\s-])$/; // what stands before a capital, in a name
const AT_SENTENCE = /(^|[.?!]\s+)$/; // and in other words

/** @typedef {HTMLInputElement | HTMLTextAreaElement} Field */

class Keyboard {
  /** @type {Field | null} */ #field = null;
  /** @type {boolean | null} */ #shift = null; // null: as the words before ask for
  #board;

  /** @param {HTMLTemplateElement} drawn */
  constructor(drawn) {
    this.#board = /** @type {HTMLElement} */ (drawn.content.firstElementChild);
    this.#board.addEventListener("pointerdown", (event) => event.preventDefault()); // the field keeps the focus
    this.#board.addEventListener("click", (event) => {
      const key = event.target instanceof Element && event.target.closest("button");
      if (key && this.#field) this.#press(key, this.#field);
    });
    addEventListener("keydown", (event) => event.isTrusted && this.hide(), { capture: true });
  }

  /** @param {Field} field */
  show(field) {
    if (this.#field !== field) this.#turn(field.dataset.keyboard ?? "letters");
    this.#field = field;
    this.#shift = null;
    (field.closest("[data-keyboard-place]") ?? field.closest(".field") ?? field).after(this.#board);
    this.#draw(field);
    this.#board.scrollIntoView({ block: "nearest" });
    field.focus({ preventScroll: true });
  }

  hide() {
    this.#field = null;
    this.#board.remove();
  }

  /** @param {HTMLButtonElement} key @param {Field} field */
  #press(key, field) {
    const { letter } = key.dataset;
    if (key.hasAttribute("data-close")) return this.hide();
    if (key.hasAttribute("data-turn")) this.#turn(this.#side === "letters" ? "digits" : "letters");
    else if (key.hasAttribute("data-shift")) this.#shift = !this.#capital(field);
    else if (key.hasAttribute("data-back")) this.#put(field, "", 1);
    else if (letter !== undefined) this.#put(field, this.#capital(field) ? letter.toLocaleUpperCase() : letter, 0);
    this.#draw(field);
  }

  /** Write where the caret is, or over what is selected. @param {Field} field @param {string} words @param {number} before letters that go */
  #put(field, words, before) {
    const [from, to] = [field.selectionStart ?? field.value.length, field.selectionEnd ?? field.value.length];
    const start = from === to ? Math.max(0, from - before) : from;
    if (field.maxLength >= 0 && field.value.length - (to - start) + words.length > field.maxLength) return;
    field.setRangeText(words, start, to, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    this.#shift = null;
  }

  /** @param {Field} field */
  #capital(field) {
    if (this.#shift !== null) return this.#shift;
    const before = field.value.slice(0, field.selectionStart ?? field.value.length);
    return (field.autocapitalize === "words" ? AT_WORD : AT_SENTENCE).test(before);
  }

  get #side() {
    return this.#board.querySelector("[data-side=letters]:not([hidden])") ? "letters" : "digits";
  }

  /** @param {string} side */
  #turn(side) {
    for (const one of /** @type {NodeListOf<HTMLElement>} */ (this.#board.querySelectorAll("[data-side]"))) {
      one.hidden = one.dataset.side !== side;
    }
  }

  /** The keys show what they write. @param {Field} field */
  #draw(field) {
    const capital = this.#capital(field);
    this.#board.querySelector("[data-shift]")?.setAttribute("aria-pressed", String(capital));
    const turn = this.#board.querySelector("[data-turn]");
    if (turn instanceof HTMLElement) turn.textContent = (this.#side === "letters" ? turn.dataset.digits : turn.dataset.letters) ?? "";
    for (const key of /** @type {NodeListOf<HTMLElement>} */ (this.#board.querySelectorAll("[data-side=letters] [data-letter]"))) {
      const letter = key.dataset.letter ?? "";
      key.textContent = capital ? letter.toLocaleUpperCase() : letter;
    }
  }
}

/** @param {Event} event @returns {Field | null} the field that a finger touches */
function touched(event) {
  if (!(event instanceof PointerEvent) || event.pointerType !== "touch" || !(event.target instanceof Element)) return null;
  return event.target.closest("[data-keyboard]");
}

const drawn = document.querySelector("template[data-keys]");
if (drawn instanceof HTMLTemplateElement) {
  const keyboard = new Keyboard(drawn);
  // before the focus: the device would show a keyboard of its own
  addEventListener("pointerdown", (event) => touched(event)?.setAttribute("inputmode", "none"), { capture: true });
  addEventListener("click", (event) => {
    const field = touched(event);
    if (field) keyboard.show(field);
  });
}
