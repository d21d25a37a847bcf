// The server's clock, and what changes with every second.

let ahead = 0;
const ticks = new Set();

/** What the server's clock showed when it began to answer with this page. */
export function setClock(text) {
  const [page] = performance.getEntriesByType("navigation");
  const answered = performance.timeOrigin + (page?.responseStart ?? 0);
  ahead = Date.parse(text) - answered;
}

export const now = () => Date.now() + ahead;

/** Seconds until then; less than zero when it is over. */
export const secondsUntil = (text) => (Date.parse(text) - now()) / 1000;

/** 12 s, 3 min, 1 h 5 min. */
export function inWords(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

/** 1:05, 1:02:05. */
export function asClock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** The time of day here. */
export const timeOfDay = (text) =>
  new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" }).format(new Date(text));

/** Calls back now and every second. */
export function everySecond(callback) {
  ticks.add(callback);
  callback();
}

function tick() {
  for (const node of document.querySelectorAll("[data-since]")) {
    if (!node.dataset.since) continue;
    const text = inWords(-secondsUntil(node.dataset.since));
    if (node.textContent !== text) node.textContent = text;
  }
  for (const callback of ticks) callback();
}

setInterval(tick, 1000);
queueMicrotask(tick);
