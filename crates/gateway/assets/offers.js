// What is put to the agent now, and what the agent may take unasked.

import { call } from "./api.js";
import { chime, say, toast } from "./attention.js";
import { everySecond, secondsUntil } from "./clock.js";
import { $, copy, el, fill, reconcile, show } from "./dom.js";

/** What a card says of a ticket. */
export function describe(ticket, words) {
  return {
    customer: ticket.customer_name,
    tier: ticket.customer_tier.charAt(0).toUpperCase() + ticket.customer_tier.slice(1),
    language: words.languages[ticket.language] ?? ticket.language,
    queue: words.queues[ticket.queue] ?? ticket.queue,
    why: words.reasons[ticket.reason] ?? ticket.reason,
    summary: ticket.summary,
  };
}

export class Offers {
  constructor({ words, onTaken }) {
    Object.assign(this, { words, onTaken, known: new Map() });
    this.list = $("#offers");
    this.list.replaceChildren();
    everySecond(() => this.count());
  }

  draw(offers) {
    reconcile(this.list, offers, (offer) => this.make(offer), (node, offer) => this.update(node, offer));
    show($("#offers-box"), offers.length > 0);
    for (const offer of offers) if (!this.known.has(offer.id)) this.announce(offer);
    this.known = new Map(offers.map((offer) => [offer.id, offer]));
    this.count();
  }

  announce(offer) {
    chime("offer");
    say(`New offer: ${offer.ticket.customer_name}. ${offer.ticket.summary}`);
  }

  make(offer) {
    const node = copy("offer-card");
    const menu = $(".menu-list", node);
    for (const [reason, text] of this.words.declines) {
      const button = el("button", { type: "button" }, text);
      button.addEventListener("click", () => this.answer(node, offer, "decline", { reason }));
      menu.append(button);
    }
    $("[data-do=accept]", node).addEventListener("click", () => this.answer(node, offer, "accept"));
    return node;
  }

  update(node, offer) {
    fill(node, describe(offer.ticket, this.words));
    $("[data-since]", node).dataset.since = offer.ticket.waiting_since;
  }

  async answer(node, offer, verb, body) {
    const buttons = node.querySelectorAll("button");
    buttons.forEach((button) => (button.disabled = true));
    try {
      const answer = await call("POST", `/offers/${offer.id}/${verb}`, body);
      node.remove();
      show($("#offers-box"), this.list.children.length > 0);
      if (verb === "accept") this.onTaken(answer);
      else toast("Declined", { text: "It goes to somebody else, and costs you nothing.", seconds: 4 });
    } catch (refusal) {
      buttons.forEach((button) => (button.disabled = false));
      toast("That did not work", { text: refusal.text, tone: "bad" });
    }
  }

  /** The ring and the seconds of each. */
  count() {
    for (const node of this.list.children) {
      const offer = this.known.get(node.dataset.key);
      if (!offer) continue;
      const left = Math.max(0, secondsUntil(offer.expires_at));
      const whole = (Date.parse(offer.expires_at) - Date.parse(offer.offered_at)) / 1000;
      $(".left", node).setAttribute("stroke-dashoffset", String(100 - (100 * left) / whole));
      $("svg", node).classList.toggle("short", left < 10);
      fill(node, { left: Math.ceil(left) });
    }
  }
}

/** The waiting tickets that may be claimed. The desk's stream says how many; which, is asked for. */
export class Claimable {
  constructor({ words, onTaken }) {
    Object.assign(this, { words, onTaken, list: $("#claimable") });
    this.list.replaceChildren();
  }

  async load() {
    const tickets = await call("GET", "/tickets/claimable").then(({ items }) => items, () => null);
    if (!tickets) return;
    const first = tickets.slice(0, 12);
    reconcile(this.list, first, (ticket) => this.make(ticket), (node, ticket) => this.update(node, ticket));
    show($("#claim-empty"), tickets.length === 0);
    show($("#claim-count"), tickets.length > 0);
    $("#claim-count").textContent = tickets.length < 50 ? tickets.length : "50+";
  }

  make(ticket) {
    const node = copy("claim-card");
    const button = $("[data-do=claim]", node);
    button.setAttribute("aria-label", `Claim ${ticket.customer_name}`);
    button.addEventListener("click", () => this.claim(button, ticket));
    return node;
  }

  update(node, ticket) {
    fill(node, describe(ticket, this.words));
    $("[data-since]", node).dataset.since = ticket.waiting_since;
    $(".ellipsis", node).title = ticket.summary;
  }

  async claim(button, ticket) {
    button.disabled = true;
    try {
      this.onTaken(await call("POST", `/tickets/${ticket.id}/claim`));
    } catch (refusal) {
      const text = refusal.code === "not_available" ? "Go available first; then you can take it." : refusal.text;
      toast("You cannot take it now", { text, tone: "bad" });
      button.disabled = false;
    }
    this.load();
  }
}
