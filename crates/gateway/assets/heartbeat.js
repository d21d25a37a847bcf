// A worker that keeps time: browsers slow the timers of a page down that nobody looks at, and the
// agent would be taken for gone.

const SECONDS = 15;
let timer;

async function beat() {
  try {
    const response = await fetch("/api/v1/presence/heartbeat", { method: "POST" });
    postMessage({ status: response.status });
  } catch {
    postMessage({ status: 0 });
  }
}

onmessage = ({ data }) => {
  clearInterval(timer);
  if (data !== "start") return;
  // At once, too: the page may have been closed for a while.
  beat();
  timer = setInterval(beat, SECONDS * 1000);
};
