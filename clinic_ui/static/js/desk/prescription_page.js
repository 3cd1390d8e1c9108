// @ts-check
/**
 * A prescription that is written after the visit, in place of a signed one: once signed, back to the signed notes.
 * @module
 */

import { Prescription } from "./prescription.js";

const form = document.getElementById("prescription");
if (form instanceof HTMLFormElement) {
  const written = new Prescription(form);
  written.addEventListener("signed", (event) => {
    event.preventDefault();
    location.assign("/desk/notes");
  });
  addEventListener("beforeunload", (event) => written.dirty && event.preventDefault());
}
