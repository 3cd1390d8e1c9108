// A page of the tests: one seat of one call, with the real signal.js and call.js. What happens is kept in `heard`.

import { Call } from "/js/call.js";
import { Signal } from "/js/signal.js";

const seat = new URLSearchParams(location.search).get("seat");
const heard = (globalThis.heard = []);
const video = document.querySelector("video");
const fetchText = async (path) => (await fetch(path, { method: "POST" })).text();

globalThis.connections = [];
globalThis.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration) {
    super(configuration);
    globalThis.connections.push(this);
  }
};
globalThis.sockets = [];
globalThis.WebSocket = class extends WebSocket {
  constructor(url) {
    super(url);
    globalThis.sockets.push(this);
  }
};

let isReady;
globalThis.ready = new Promise((done) => (isReady = done));
/** Wait for the next picture that this page shows. */
globalThis.nextFrame = () => new Promise((done) => video.requestVideoFrameCallback(() => done(video.videoWidth)));
/** Look again, until it is so. (Playwright's own waiting needs eval, which this page's policy refuses.) */
globalThis.soon = (what) =>
  new Promise((done, fail) => {
    const until = performance.now() + 30000;
    const look = () => {
      if (what()) done(true);
      else if (performance.now() > until) fail(new Error(`in vain: ${what}; ${JSON.stringify(heard)}`));
      else setTimeout(look, 20);
    };
    look();
  });
/** How the present senders are set, by kind. */
globalThis.encodings = () =>
  Object.fromEntries(connections.at(-1).getSenders().map((one) => [one.track?.kind, one.getParameters().encodings[0]]));
/** Wait until an event was heard so many times, with these fields. */
globalThis.until = (type, times = 1, fields = {}) => {
  const fits = (one) => one.type === type && Object.entries(fields).every(([name, value]) => one[name] === value);
  return soon(() => heard.filter(fits).length >= times);
};

const signal = (globalThis.signal = new Signal({ fetchTicket: () => fetchText("/line-ticket") }));
const fetchSeatTicket = () => fetchText(`/seat-ticket/${seat}`);
const over = new URLSearchParams(location.search).get("over"); // the relay's transport, where the test has a relay
const fetchReach = over ? async () => (await fetch(`/reach/${over}`)).json() : undefined;
const call = (globalThis.call = new Call({ signal, seat, fetchSeatTicket, fetchReach }));
for (const type of ["joined", "peer-joined", "peer-left", "remote-track", "live", "silence", "flow", "quality", "line",
  "still", "peer-state", "ended"]) {
  call.addEventListener(type, ({ detail }) => heard.push({ ...detail, type, at: performance.now(), track: null, stream: null, picture: null }));
}
signal.addEventListener("nudge", ({ detail }) => heard.push(detail));
signal.addEventListener("candidate", ({ detail }) => detail.mid?.startsWith("test") && heard.push(detail));
signal.addEventListener("open", ({ detail }) => heard.push({ ...detail, type: "open" }));
signal.open();

globalThis.film = (picture = true) =>
  navigator.mediaDevices.getUserMedia({ audio: true, video: picture && { width: 640, height: 480 } });
globalThis.stream = await film(!new URLSearchParams(location.search).has("blind"));
await call.prepare({ stream: globalThis.stream });
call.addEventListener("remote-track", ({ detail }) => {
  if (video.srcObject !== detail.stream) video.srcObject = detail.stream; // as the cabin and the desk do
  void video.play().catch(() => {});
});
call.join(await fetchSeatTicket());
isReady();
