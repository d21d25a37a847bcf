// A conversation on the screen: what was said, what is on its way, and the place to write.
// The agent's desk and the customer's page share it.

import { call } from "./api.js";
import { timeOfDay } from "./clock.js";
import { $, el, show } from "./dom.js";

const HIDDEN = /\[((?:card number|IBAN|e-mail|phone number) hidden)\]/g;

/** The text, with what was hidden in it as chips. */
function textOf(message) {
  const text = el("span", { class: "text" });
  if (!message.masked?.length) {
    text.textContent = message.body;
    return text;
  }
  let at = 0;
  for (const found of message.body.matchAll(HIDDEN)) {
    text.append(message.body.slice(at, found.index), el("span", { class: "masked", title: "Hidden to protect the customer" }, found[1]));
    at = found.index + found[0].length;
  }
  text.append(message.body.slice(at));
  return text;
}

/** What was said, in a list. `mine` is the author on this side; `nameOf` names the others. */
export class Log {
  constructor({ list, box, newer, mine, nameOf, onAdd }) {
    Object.assign(this, { list, box, newer, mine, nameOf, onAdd, follows: true });
    this.newer.addEventListener("click", () => this.toEnd(true));
    const scrolled = () => {
      this.follows = this.isAtEnd();
      if (this.follows) show(this.newer, false);
    };
    // The page's own scrolling is heard at the document.
    (box === document.scrollingElement ? document : box).addEventListener("scroll", scrolled, { passive: true });
    // Where a keyboard comes up, the last message stays in sight.
    new ResizeObserver(() => this.follows && this.toEnd(false)).observe(box);
    this.clear();
  }

  clear() {
    this.last = 0;
    this.lastAuthor = null;
    this.waiting = new Map();
    this.list.replaceChildren();
    // What is there already is not news; only what comes later is read out.
    this.list.setAttribute("aria-live", "off");
    show(this.newer, false);
  }

  /** All that was there is shown; from now on messages are news. */
  begun() {
    if (this.list.getAttribute("aria-live") === "polite") return;
    this.toEnd(false);
    this.list.setAttribute("aria-live", "polite");
  }

  isAtEnd() {
    return this.box.scrollHeight - this.box.scrollTop - this.box.clientHeight < 90;
  }

  toEnd(smooth) {
    this.box.scrollTo({ top: this.box.scrollHeight, behavior: smooth ? "smooth" : "instant" });
    show(this.newer, false);
  }

  /** Shows a message once. True when it is new here. */
  add(message) {
    if (message.number <= this.last) return false;
    this.last = message.number;
    const follows = this.isAtEnd();
    const own = message.author === this.mine;
    if (own && message.client_id) this.settle(message.client_id);
    const item = el("li", { class: `bubble ${message.author}`, "data-number": message.number });
    if (message.author === this.lastAuthor) item.classList.add("again");
    if (message.author !== "platform") item.append(el("span", { class: own ? "hidden-text" : "who" }, this.nameOf(message.author)));
    item.append(textOf(message));
    if (message.author !== "platform") {
      const sent = el("time", { datetime: message.sent_at }, timeOfDay(message.sent_at));
      item.append(el("small", {}, sent, own ? " · sent" : ""));
    }
    this.insert(item, follows || own);
    this.lastAuthor = message.author;
    this.onAdd?.(this.last);
    return true;
  }

  /** Something that is not a message, such as where the handover was. */
  note(node) {
    this.lastAuthor = null;
    this.insert(node, this.isAtEnd());
  }

  /** Before whatever is still on its way. */
  insert(item, follows) {
    const [first] = this.waiting.values();
    this.list.insertBefore(item, first ?? null);
    const isNews = this.list.getAttribute("aria-live") === "polite";
    if (!isNews) return;
    if (follows) this.toEnd(false);
    else show(this.newer, true);
  }

  /** Shows what is on its way, with how far it is. */
  sending(id, body) {
    const item = el("li", { class: `bubble ${this.mine} on-its-way` }, el("span", { class: "text" }, body), el("small", {}, "Sending…"));
    this.waiting.set(id, item);
    this.list.append(item);
    this.toEnd(false);
  }

  state(id, text, isFailed, ...actions) {
    const item = this.waiting.get(id);
    if (!item) return;
    item.classList.toggle("failed", isFailed);
    $("small", item).replaceChildren(text, ...actions);
  }

  settle(id) {
    this.waiting.get(id)?.remove();
    this.waiting.delete(id);
  }
}

/** Where one writes. What is sent keeps its order, and its own name, however often it is tried. */
export class Composer {
  constructor({ form, log, path }) {
    Object.assign(this, { form, log, path, field: $("textarea", form) });
    this.queues = new Map();
    this.drafts = new Map();
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.say();
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.say();
    });
    this.field.addEventListener("input", () => this.resize());
  }

  /** Another conversation is open; what was written in the one before is kept. */
  open(key) {
    if (this.key) this.drafts.set(this.key, this.field.value);
    this.key = key;
    this.field.value = this.drafts.get(key) ?? "";
    this.resize();
    for (const item of this.queue()) this.log.sending(item.id, item.body);
    if (this.queue().length) this.stalled(this.key, "Not sent.");
  }

  queue(key = this.key) {
    if (!this.queues.has(key)) this.queues.set(key, []);
    return this.queues.get(key);
  }

  /** It is in the conversation, whatever its sender was told. */
  arrived(key, id) {
    const queue = this.queue(key);
    const place = queue.findIndex((item) => item.id === id);
    if (place >= 0) queue.splice(place, 1);
  }

  resize() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight + 2, 160)}px`;
  }

  say() {
    const body = this.field.value.trim();
    if (!body) return;
    this.field.value = "";
    this.drafts.delete(this.key);
    this.resize();
    const item = { id: crypto.randomUUID(), body };
    this.queue().push(item);
    this.log.sending(item.id, body);
    this.pump(this.key);
  }

  /** Sends what waits, one after the other. */
  async pump(key) {
    const queue = this.queue(key);
    if (queue.isBusy) return;
    queue.isBusy = true;
    try {
      while (queue.length) {
        const [item] = queue;
        if (key === this.key) this.log.state(item.id, "Sending…", false);
        const message = await call("POST", this.path(key), { client_id: item.id, body: item.body });
        this.arrived(key, item.id);
        if (key === this.key) this.log.state(item.id, "sent", false);
        // The stream brings it, too; whichever comes first shows it.
        if (key === this.key && message.number === this.log.last + 1) this.log.add(message);
      }
    } catch (refusal) {
      if (key === this.key) this.stalled(key, refusal.text, refusal.isPassing);
    } finally {
      queue.isBusy = false;
    }
  }

  /** Says why the first did not go out; the ones behind it wait for it. */
  stalled(key, why, mayRetry = true) {
    this.queue(key).forEach((item, place) => {
      const actions = place > 0 ? [] : [mayRetry && this.action("Try again", () => this.pump(key)), this.action("Take back", () => this.takeBack(key, item))];
      this.log.state(item.id, place > 0 ? "Waits for the one before." : `${why} `, true, ...actions.filter(Boolean));
    });
  }

  action(text, run) {
    const button = el("button", { type: "button", class: "link" }, text);
    button.addEventListener("click", run);
    return button;
  }

  takeBack(key, item) {
    this.arrived(key, item.id);
    this.log.settle(item.id);
    this.field.value = [item.body, this.field.value].filter(Boolean).join("\n");
    this.resize();
    this.field.focus();
    if (this.queue(key).length) this.pump(key);
  }

  /** The connection is back: what could not be sent is tried again. */
  retry() {
    for (const [key, queue] of this.queues) if (queue.length) this.pump(key);
  }
}
