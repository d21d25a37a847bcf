// The conversation that is open on the desk: talking, wrapping up, and how it ended.

import { call, listen, signIn } from "./api.js";
import { chime, say, toast } from "./attention.js";
import { Composer, Log } from "./chat.js";
import { asClock, everySecond, inWords, secondsUntil, timeOfDay } from "./clock.js";
import { $, ask, el, fill, money, show } from "./dom.js";
import { describe } from "./offers.js";

export class Talk {
  constructor({ words, onSeen, onEnded }) {
    Object.assign(this, { words, onSeen, onEnded, pane: $("#talk"), id: null, engagement: null });
    this.log = new Log({
      list: $("#log"),
      box: $("#log-box"),
      newer: $("#newer"),
      mine: "agent",
      nameOf: (author) => this.nameOf(author),
      onAdd: (number) => this.id && this.onSeen(this.id, number),
    });
    this.composer = new Composer({ form: $("#composer"), log: this.log, path: (id) => `/engagements/${id}/messages` });
    this.notes = new Map();
    for (const [code, text] of words.dispositions) if (code !== "not_recorded") $("#dispositions").append(choice(code, text));
    $("#end").addEventListener("click", () => this.end());
    $("#about").addEventListener("click", () => this.about());
    $("#extend").addEventListener("click", () => this.extend());
    $("#wrap-up").addEventListener("submit", (event) => this.close(event));
    everySecond(() => this.count());
  }

  nameOf(author) {
    if (author === "customer") return this.engagement?.ticket.customer_name ?? "Customer";
    return author === "agent" ? "You" : "Assistant";
  }

  /** Opens a conversation, from its beginning. */
  async open(id) {
    if (this.id === id) return;
    this.leave();
    this.id = id;
    this.handedOver = false;
    this.log.clear();
    this.composer.open(id);
    show($("#composer"), false);
    show($("#wrap-up"), false);
    show($("#ended"), false);
    show(this.pane, true);
    // Who it is comes first, so that what they said has a name.
    const engagement = await call("GET", `/engagements/${id}`).catch((refusal) => refusal);
    if (this.id !== id) return;
    if (engagement.status && engagement.ticket) this.stands(engagement);
    const handlers = { message: (message) => this.heard(message), state: (engagement) => this.stands(engagement) };
    const path = () => `/engagements/${id}/events?after=${this.log.last}`;
    this.stream = listen(path, `/engagements/${id}`, handlers, {
      onState: (isThere) => isThere && this.composer.retry(),
      onRefused: (refusal) => (refusal.status === 401 ? signIn() : this.gone(refusal)),
    });
  }

  leave() {
    this.stream?.close();
    this.id = null;
    this.engagement = null;
    this.isBegun = false;
    show(this.pane, false);
    this.pane.classList.remove("show-facts");
  }

  gone(refusal) {
    this.stream.close();
    show($("#ended"), true);
    fill(this.pane, { ending: refusal.text });
  }

  heard(message) {
    if (message.author === "agent" && message.client_id) this.composer.arrived(this.id, message.client_id);
    this.handOver(message.sent_at);
    if (this.log.add(message) && this.isBegun && message.author === "customer") chime("message");
  }

  /** Marks where the assistant's part ends and the agent's begins. */
  handOver(at) {
    if (this.handedOver || !this.engagement || at < this.engagement.started_at) return;
    this.handedOver = true;
    const { started_at, ticket } = this.engagement;
    const why = this.words.reasons[ticket.reason] ?? ticket.reason;
    const head = el("p", { class: "eyebrow" }, `Yours since ${timeOfDay(started_at)} · ${why}`);
    this.log.note(el("li", { class: "handover" }, head, el("p", {}, ticket.summary)));
  }

  /** The engagement as it is now. */
  stands(engagement) {
    const before = this.engagement?.status;
    this.engagement = engagement;
    const { ticket, status } = engagement;
    fill(this.pane, {
      ...describe(ticket, this.words),
      intent: ticket.intent?.replaceAll("_", " ") ?? "Not known",
      skills: ticket.required_skills.map((code) => this.words.skills[code] ?? code).join(", ") || "None in particular",
      ending: this.ending(),
      handover: engagement.handover?.note ?? "",
      "handover-by": engagement.handover ? `From ${engagement.handover.agent_name}` : "",
      reference: `${ticket.source} · ${ticket.external_id}`,
    });
    show($("#composer"), status === "talking");
    show($("#end"), status === "talking");
    show($("#hand-on"), status === "talking");
    show($("#handover"), Boolean(engagement.handover));
    show($("#silent"), status === "talking" && Boolean(engagement.alerted_at));
    show($("#requested"), status === "talking" && Boolean(engagement.control_requested_at));
    show($("#wrap-up"), status === "wrapping");
    show($("#ended"), status !== "talking" && status !== "wrapping");
    if (status === "wrapping" && before !== "wrapping") $("#note").value = this.notes.get(this.id) ?? "";
    // The stream tells the state after all messages that there were.
    if (this.log.last >= engagement.message_count) {
      this.handOver(engagement.started_at);
      this.log.begun();
      this.isBegun = true;
    }
    if (before && before !== status) this.onEnded(engagement);
    this.count();
  }

  ending() {
    const { status, disposition, note, ended_at } = this.engagement;
    const parted = {
      lost: "This conversation went back to the queue, because no answer came.",
      released: "You gave this conversation back. You can read on until somebody has taken it.",
      transferred: "You handed this conversation on. You can read on until somebody has taken it.",
      returned: "The assistant goes on with this conversation.",
    }[status];
    if (parted) return parted;
    if (status !== "resolved") return "";
    const how = Object.fromEntries(this.words.dispositions)[disposition] ?? disposition;
    return `Closed at ${timeOfDay(ended_at)}: ${how}.${note ? ` “${note}”` : ""}`;
  }

  count() {
    if (!this.engagement) return;
    const { status, started_at, reply_due_at, wrap_up_due_at } = this.engagement;
    const clock = $(".talk-head .talk-clock");
    const due = reply_due_at ? secondsUntil(reply_due_at) : null;
    clock.classList.toggle("late", due !== null && due < 15);
    if (due !== null) fill(this.pane, { clock: replyIn(this.engagement) });
    else fill(this.pane, { clock: status === "talking" ? inWords(-secondsUntil(started_at)) : "" });
    if (status === "wrapping") {
      const left = secondsUntil(wrap_up_due_at);
      fill(this.pane, { "wrap-left": left > 0 ? `${asClock(left)} left` : "Closing…" });
    }
  }

  async extend() {
    try {
      this.stands(await call("POST", `/engagements/${this.id}/extend`));
    } catch (refusal) {
      this.fault(refusal.text);
    }
  }

  about() {
    const isShown = this.pane.classList.toggle("show-facts");
    $("#about").setAttribute("aria-expanded", String(isShown));
  }

  async end() {
    if (!(await ask($("#end-dialog")))) return;
    try {
      this.stands(await call("POST", `/engagements/${this.id}/wrap-up`));
      $("#dispositions input").focus();
    } catch (refusal) {
      toast("That did not work", { text: refusal.text, tone: "bad" });
    }
  }

  /** Closes the conversation, and says what it earned. */
  async close(event) {
    event.preventDefault();
    const disposition = $("#dispositions input:checked")?.value;
    if (!disposition) return this.fault("Please say how it ended.");
    const button = $("#wrap-up button");
    button.disabled = true;
    try {
      const note = $("#note").value.trim();
      const { engagement, earning } = await call("POST", `/engagements/${this.id}/resolve`, { disposition, ...(note && { note }) });
      this.fault("");
      $("#wrap-up").reset();
      this.stands(engagement);
      earned(earning);
    } catch (refusal) {
      this.fault(refusal.text);
    } finally {
      button.disabled = false;
    }
  }

  fault(text) {
    $("#wrap-fault").textContent = text;
    show($("#wrap-fault"), text !== "");
  }
}

/** How long the agent has for the next answer. */
export function replyIn({ first_reply_at, reply_due_at }) {
  const due = secondsUntil(reply_due_at);
  const what = first_reply_at ? "Answer" : "First reply";
  return due > 0 ? `${what} in ${asClock(due)}` : `${what} is late`;
}

function choice(code, text) {
  return el("label", { class: "chip" }, el("input", { type: "radio", name: "disposition", value: code }), text);
}

function earned(earning) {
  const title = `You earned ${money(earning.amount)}`;
  toast(title, { text: earning.computation, tone: "good", link: { href: "/earnings", text: "All earnings" }, seconds: 15 });
  say(`${title}. ${earning.computation}`);
}
