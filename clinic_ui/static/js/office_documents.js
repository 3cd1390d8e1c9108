// @ts-check
/**
 * The documents page of the front office: sends, shows large, and fetches the list again when something arrived.
 * @module
 */

import "./send_file.js";
import "./viewer.js";
import { load } from "./fragment.js";

document.addEventListener("sent", () => {
  const list = document.getElementById("documents");
  if (list?.dataset.src) load(list, list.dataset.src).catch(() => location.reload());
});
