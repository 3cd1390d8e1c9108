// @ts-check
/**
 * A link to this page carries the code behind `#`, where no server and no log sees it: it goes into the form at once.
 * @module
 */

const code = document.getElementById("code");
const said = location.hash.slice(1).replace(/\D/g, "");
if (said) history.replaceState(null, "", location.pathname);
if (said.length === 8 && code instanceof HTMLInputElement) {
  code.value = said;
  document.getElementById("name")?.focus();
}
