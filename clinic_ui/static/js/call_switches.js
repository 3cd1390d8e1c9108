// @ts-check
// The microphone and the camera that a person switched off in a visit. This tab keeps it, so that a page that is loaded
// anew comes back into the call without opening a microphone that was muted; it is forgotten with the visit.

const KEY = "tc-call-off";

/** @typedef {"microphone" | "camera"} Device */

/** What is switched off. @returns {Set<Device>} */
export function switchedOff() {
  return new Set(/** @type {Device[]} */ ((sessionStorage.getItem(KEY) ?? "").split(" ").filter(Boolean)));
}

/** @param {Device} device @param {boolean} on */
export function keepSwitch(device, on) {
  const off = switchedOff();
  if (on) off.delete(device);
  else off.add(device);
  sessionStorage.setItem(KEY, [...off].join(" "));
}

/** The next visit begins with both on. */
export function forgetSwitches() {
  sessionStorage.removeItem(KEY);
}
