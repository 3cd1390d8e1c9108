// @ts-check
/**
 * The first screen stays true: doctors come and go, the wait changes, the front office seats somebody.
 * @module
 */

import { openLines } from "./lines.js";

openLines();
