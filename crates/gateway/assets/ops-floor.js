// Keeps the live queue live: the stream says when the floor looks different, and then the part that
// changes is asked for; ages are counted up in between. Without this script the page is as it was
// when it was loaded.

const floor = document.getElementById("floor");
const live = document.getElementById("live");
// Ages are told by the server's clock, whatever this one says.
const skew = Number(floor.dataset.now) - Date.now();

const two = (large, one, small, other) =>
  small === 0 ? `${large} ${one}` : `${large} ${one} ${small} ${other}`;

function age(since) {
  const seconds = Math.max(0, Math.floor((Date.now() + skew - since) / 1000));
  const [minutes, hours, days] = [60, 3600, 86400].map((unit) => Math.floor(seconds / unit));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return two(minutes, "min", seconds % 60, "s");
  if (seconds < 86400) return two(hours, "h", minutes % 60, "min");
  return two(days, "d", hours % 24, "h");
}

function tick() {
  for (const time of floor.querySelectorAll("time.age")) {
    time.textContent = age(Date.parse(time.dateTime));
  }
}

function say(colour, text) {
  live.hidden = false;
  live.className = `badge ${colour}`;
  if (live.textContent !== text) live.textContent = text;
}

function show(html) {
  const focused = floor.contains(document.activeElement) ? document.activeElement.id : "";
  floor.innerHTML = html;
  tick();
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

// Asks how it looks now. News that come meanwhile are answered by asking once more.
let isAsking = false;
let isStale = false;

async function refresh() {
  isStale = true;
  if (isAsking) return;
  isAsking = true;
  try {
    while (isStale) {
      isStale = false;
      const answer = await fetch(floor.dataset.part, { headers: { accept: "text/html" } });
      if (answer.ok) show(await answer.text());
    }
  } catch {
    // The stream notices, too, when there is no connection, and tells how it is once it is back.
  } finally {
    isAsking = false;
  }
}

const events = new EventSource(floor.dataset.events);
events.addEventListener("open", () => say("good", "Live"));
events.addEventListener("error", () => {
  // A stream that was refused does not come back by itself: the session is over.
  if (events.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3000);
  else say("wait", "Reconnecting");
});
events.addEventListener("floor", refresh);

setInterval(tick, 1000);
// Figures over a window change although nothing happens.
setInterval(() => document.hidden || refresh(), 30000);
