// Ways to part from a conversation that goes on: to a queue, to a colleague, back to its place, to
// the assistant, or all at once at the end of a shift.

import { call } from "./api.js";
import { toast } from "./attention.js";
import { $, ask, el, money, show } from "./dom.js";

export class HandingOn {
  constructor({ words, talk, talks }) {
    Object.assign(this, { words, talk, talks });
    this.dialog = $("#pass-dialog");
    this.target = $("#pass-target");
    for (const [reason, text] of words.releases) {
      const button = el("button", { type: "button" }, text);
      button.addEventListener("click", () => this.part("release", { reason }, "Given back to its place in the queue"));
      $("#release-reasons").append(button);
    }
    $("#pass").addEventListener("click", () => this.pass());
    for (const button of document.querySelectorAll("[data-do=to-assistant]")) {
      button.addEventListener("click", () => this.part("return", undefined, "The assistant goes on with it"));
    }
    $("#hand-over").addEventListener("click", () => this.handOver());
  }

  /** Asks where it is to go, and hands it on. */
  async pass() {
    const { id, engagement } = this.talk;
    $("#hand-on").open = false;
    const { items } = await call("GET", `/engagements/${id}/colleagues`).catch(() => ({ items: [] }));
    const queues = Object.entries(this.words.queues).map(([code, name]) => el("option", { value: `queue ${code}`, selected: code === engagement.ticket.queue }, name));
    const people = items.map((one) => el("option", { value: `agent_id ${one.id}` }, one.display_name));
    const groups = [el("optgroup", { label: "A queue" }, ...queues)];
    if (people.length) groups.push(el("optgroup", { label: "A colleague who is free" }, ...people));
    this.target.replaceChildren(...groups);
    show($("#pass-one"), true);
    $("#pass-title").textContent = `Hand ${engagement.ticket.customer_name} on`;
    if (!(await ask(this.dialog))) return;
    const [kind, value] = this.target.value.split(" ");
    await this.part("transfer", { [kind]: value, ...this.note() }, "Handed on", id);
  }

  /** Hands all talks on to their queues. */
  async handOver() {
    const talks = this.talks();
    show($("#pass-one"), false);
    $("#pass-title").textContent = "Hand all your conversations on";
    if (!(await ask(this.dialog))) return;
    try {
      const { items } = await call("POST", "/desk/hand-over", this.note());
      const text = items.length < talks ? "Whose customer has left stays with you; please close it." : "You may go offline now.";
      toast(items.length === 1 ? "One conversation is handed on" : `${items.length} conversations are handed on`, { text, tone: "good" });
      $("#pass-note").value = "";
    } catch (refusal) {
      toast("That did not work", { text: refusal.text, tone: "bad" });
    }
  }

  note() {
    const note = $("#pass-note").value.trim();
    return note ? { note } : {};
  }

  async part(verb, body, title, id = this.talk.id) {
    for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
    try {
      const { engagement, earning } = await call("POST", `/engagements/${id}/${verb}`, body);
      $("#pass-note").value = "";
      if (this.talk.id === id) this.talk.stands(engagement);
      const text = earning ? `You earned ${money(earning.amount)}: ${earning.computation}` : "Without an answer to the customer nothing is owed for it.";
      toast(title, { text, tone: "good", seconds: 12 });
    } catch (refusal) {
      toast("That did not work", { text: refusal.text, tone: "bad" });
    }
  }
}
