// Calls to our own API, with the page's cookie.

const BASE = "/api/v1";

/** Why a call was not answered as hoped. Without a status, nothing was reached at all. */
export class Refusal extends Error {
  constructor(status, problem = {}) {
    super(sentence(problem.detail ?? "we could not reach the server; please try again"));
    this.status = status;
    this.code = problem.code ?? "unreachable";
    this.errors = problem.errors ?? [];
  }

  /** Whether the same call may succeed later. */
  get isPassing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** What to say to the person: the fields' faults where there are some. */
  get text() {
    const faults = this.errors.map((fault) => fault.message).join("; ");
    return faults ? sentence(faults) : this.message;
  }
}

function sentence(text) {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

/** Sends a request; answers with what came back, or throws a Refusal. */
export async function call(method, path, body) {
  let response;
  try {
    response = await fetch(BASE + path, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Refusal(0);
  }
  const value = await response.json().catch(() => null);
  if (!response.ok) throw new Refusal(response.status, value ?? { detail: "something went wrong; please try again" });
  return value;
}

/** Leads to the sign-in page, and from there back here. */
export function signIn() {
  location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
}

/**
 * Listens to a stream of events. `path` is asked for the address each time the stream is opened;
 * `handlers` take each event's value by its name; `onState` hears whether there is a connection;
 * `onRefused` hears why the server will not have us.
 */
export function listen(path, probe, handlers, { onState, onRefused }) {
  let source, timer, wait, isOver;
  const open = () => {
    source = new EventSource(BASE + path());
    source.onopen = () => {
      wait = 1000;
      onState(true);
    };
    source.onerror = () => {
      onState(false);
      // Where the browser does not try again by itself, the server has refused.
      if (source.readyState === EventSource.CLOSED) retry();
    };
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => isOver || handle(JSON.parse(event.data)));
    }
  };
  const retry = async () => {
    const refusal = await call("GET", probe).then(() => null, (error) => error);
    if (isOver) return;
    if (refusal && !refusal.isPassing) return onRefused(refusal);
    wait = Math.min((wait ?? 1000) * 2, 15000);
    clearTimeout(timer);
    timer = setTimeout(reopen, wait);
  };
  const reopen = () => {
    source.close();
    open();
  };
  addEventListener("online", reopen);
  open();
  return {
    reopen,
    close() {
      isOver = true;
      clearTimeout(timer);
      removeEventListener("online", reopen);
      source.close();
    },
  };
}
