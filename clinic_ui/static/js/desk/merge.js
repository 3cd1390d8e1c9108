// @ts-check
/**
 * Two texts of one note that grew from the same version: what only one of them changed is taken, what both changed is a
 * clash for the doctor to settle. Nothing is dropped.
 * @module
 */

/** @typedef {{in_days: number, modality: "VR" | "AMB" | "HH", with_health_worker: boolean, why: string,
 *   times: number, every_days: number, instrument: string | null}} Wish */
/**
 * @typedef {{examination: string, conclusion: string, acts: string, none_prescribed: boolean, incidents: string,
 *   no_incident: boolean, advice: string, follow_up: Wish | null}} Body
 */

export const TEXTS = /** @type {const} */ (["examination", "conclusion", "acts", "advice", "incidents"]);
const FIELDS = /** @type {const} */ ([...TEXTS, "none_prescribed", "no_incident", "follow_up"]);

/** @param {unknown} left @param {unknown} right */
export const same = (left, right) => JSON.stringify(left) === JSON.stringify(right);

/**
 * Return the note with every change of both that does not clash, and the fields that do (there, mine stays).
 * @param {Body} from @param {Body} mine @param {Body} theirs
 * @returns {{body: Body, clashes: string[]}}
 */
export function merge(from, mine, theirs) {
  const body = { ...mine };
  const clashes = [];
  for (const field of FIELDS) {
    if (same(mine[field], theirs[field]) || same(theirs[field], from[field])) continue;
    if (same(mine[field], from[field])) Object.assign(body, { [field]: theirs[field] });
    else clashes.push(field);
  }
  return { body, clashes };
}

/** Both texts, one after the other. @param {string} mine @param {string} theirs */
export const both = (mine, theirs) => (mine.includes(theirs) ? mine : theirs.includes(mine) ? theirs : `${mine}\n${theirs}`);
