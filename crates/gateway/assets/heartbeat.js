// A worker that keeps time: browsers slow the timers of a page down that nobody looks at, and the
// agent would be taken for gone.

const SECONDS = 15;
let timer;

async function beat(connection) {
  try {
    const headers = { "x-connection-id": connection };
    const response = await fetch("/api/v1/presence/heartbeat", { method: "POST", headers });
    postMessage({ status: response.status });
  } catch {
    postMessage({ status: 0 });
  }
}

// With a connection's name it beats until it is told otherwise; without, it rests.
onmessage = ({ data }) => {
  clearInterval(timer);
  if (!data.connection) return;
  // At once, too: the page may have been closed for a while.
  beat(data.connection);
  timer = setInterval(beat, SECONDS * 1000, data.connection);
};
