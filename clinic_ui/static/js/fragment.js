/**
 * Fetches pieces of pages from our own server and puts them in place. The only file that turns text into markup:
 * it holds the one Trusted Types policy, and takes only same-origin answers that carry `X-Fragment: 1`.
 *
 *   <a href="/desk/history" data-fragment="panel-history">         a link whose answer goes into #panel-history
 *   <form method="post" action="…" data-fragment="panel-notes">    a form likewise
 *
 * An answer that is no fragment (a redirect to another page) is followed as a navigation.
 * @module
 */

const policy = window.trustedTypes
  ? window.trustedTypes.createPolicy("telecabin", { createHTML: (text) => text })
  : { createHTML: (/** @type {string} */ text) => text };

/** The server answered, and the answer is no. */
export class Refused extends Error {
  /** @param {number} status @param {string} markup */
  constructor(status, markup) {
    super(`refused with ${status}`);
    this.status = status;
    this.markup = markup;
  }
}

/** @param {string} url */
function own(url) {
  const absolute = new URL(url, location.href);
  if (absolute.origin !== location.origin) throw new TypeError("a fragment comes from our own server only");
  return absolute;
}

/**
 * Fetch a fragment's text. Throws Refused on a 4xx or 5xx, TypeError when the network is away.
 * Returns null when the answer was a page instead, which is then being opened.
 * @param {string} url
 * @param {RequestInit} [init]
 * @returns {Promise<string | null>}
 */
export async function fetchFragment(url, init = {}) {
  const headers = new Headers(init.headers);
  headers.set("X-Fragment", "1");
  const answer = await fetch(own(url), { ...init, headers, credentials: "same-origin", cache: "no-store" });
  const signIn = answer.headers.get("X-Sign-In");
  if (signIn) {
    // a page that must not unload (a call runs in it) hears `signed-out`, prevents it and says so itself
    if (!document.dispatchEvent(new CustomEvent("signed-out", { cancelable: true }))) throw new Refused(answer.status, "");
    location.assign(own(`${signIn}?back=${encodeURIComponent(location.pathname)}`));
    return null;
  }
  if (answer.headers.get("X-Fragment") !== "1" || new URL(answer.url).origin !== location.origin) {
    if (!answer.ok) throw new Refused(answer.status, "");
    location.assign(own(answer.url));
    return null;
  }
  const text = await answer.text();
  if (!answer.ok) throw new Refused(answer.status, text);
  return text;
}

/** @param {Element} target */
function remember(target) {
  const focused = document.activeElement;
  if (!(focused instanceof HTMLElement) || !target.contains(focused)) return null;
  const text = focused instanceof HTMLInputElement || focused instanceof HTMLTextAreaElement ? focused : null;
  return {
    id: focused.id,
    name: focused.getAttribute("name"),
    value: text?.value,
    from: text?.selectionStart ?? null,
    to: text?.selectionEnd ?? null,
  };
}

/** @param {Element} target @param {NonNullable<ReturnType<typeof remember>>} kept */
function refocus(target, kept) {
  const again = kept.id
    ? document.getElementById(kept.id)
    : kept.name && target.querySelector(`[name="${CSS.escape(kept.name)}"]`);
  if (!(again instanceof HTMLElement)) return;
  again.focus({ preventScroll: true });
  if (again instanceof HTMLInputElement || again instanceof HTMLTextAreaElement) {
    if (kept.value !== undefined) again.value = kept.value;
    if (kept.from !== null) again.setSelectionRange(kept.from, kept.to);
  }
}

/**
 * Put a fragment's text into `target`, keeping focus, what is being typed, and scroll where they were.
 * @param {Element} target
 * @param {string} text
 */
export function place(target, text) {
  const kept = remember(target);
  const scrolls = [target, ...target.querySelectorAll("[data-keep-scroll]")].map((one) => ({
    id: one.id,
    top: one.scrollTop,
  }));
  const template = document.createElement("template");
  template.innerHTML = /** @type {any} */ (policy.createHTML(text));
  target.replaceChildren(template.content);
  for (const { id, top } of scrolls) {
    const again = id ? document.getElementById(id) : target;
    if (again) again.scrollTop = top;
  }
  if (kept) refocus(target, kept);
  const wanted = target.querySelector("[data-focus]");
  if (!kept && wanted instanceof HTMLElement) wanted.focus();
  target.dispatchEvent(new CustomEvent("placed", { bubbles: true }));
}

/**
 * Fetch and place; a refusal is placed too, because its text says what to do.
 * @param {Element} target
 * @param {string} url
 * @param {RequestInit} [init]
 * @returns {Promise<boolean>} whether the server said yes
 */
export async function load(target, url, init) {
  target.setAttribute("aria-busy", "true");
  try {
    const text = await fetchFragment(url, init);
    if (text !== null) place(target, text);
    return true;
  } catch (error) {
    if (!(error instanceof Refused) || !error.markup) throw error;
    place(target, error.markup);
    return false;
  } finally {
    target.removeAttribute("aria-busy");
  }
}

/** @param {Element} element */
function targetOf(element) {
  return document.getElementById(element.getAttribute("data-fragment") || "");
}

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element && event.target.closest("a[data-fragment]");
  if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const target = targetOf(link);
  if (!target) return;
  event.preventDefault();
  load(target, link.href).catch(() => location.assign(link.href));
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || !form.hasAttribute("data-fragment") || event.defaultPrevented) return;
  const target = targetOf(form);
  if (!target) return;
  event.preventDefault();
  const fields = new URLSearchParams();
  for (const [name, value] of new FormData(form, event.submitter)) fields.append(name, String(value));
  const action = event.submitter?.getAttribute("formaction") || form.action;
  const post = form.method === "post";
  const url = post ? action : `${action.split("?")[0]}?${fields}`;
  load(target, url, post ? { method: "POST", body: fields } : undefined).catch(() => {
    form.dispatchEvent(new CustomEvent("unreached", { bubbles: true }));
  });
});
