// @ts-check
/**
 * All that writing a record takes: the note, its versions and its signature, what is known beforehand, corrections, and
 * what the cabin's instruments say. Comes with the first visit of a page.
 * @module
 */

import "./background.js";
import "./corrections.js";

export { Device } from "./device.js";
export { Note, sayState } from "./note.js";
export { Signing } from "./sign.js";
export { watchVersions } from "./versions.js";
