// The agent's desk, kept as it is by one stream; the open conversation has one of its own.

import { call, listen, signIn } from "./api.js";
import { badge, connectionNotice, soundSwitch, toast } from "./attention.js";
import { everySecond, secondsUntil, setClock, timeOfDay } from "./clock.js";
import { $, copy, fill, money, reconcile, show } from "./dom.js";
import { Claimable, Offers } from "./offers.js";
import { HandingOn } from "./handing-on.js";
import { Presence } from "./presence.js";
import { Talk, replyIn } from "./talk.js";

const root = $("#desk");
const words = JSON.parse(root.dataset.words);
const SEEN = "gigdesk.seen";
const seen = JSON.parse(sessionStorage.getItem(SEEN) ?? "{}");
let desk = null;
let claimCount = -1;

setClock(root.dataset.now);
document.documentElement.classList.add("scripted");
soundSwitch($("#sound"));

const presence = new Presence({ onChange: () => drawIdle() });
const offers = new Offers({ words, onTaken: taken });
const claimable = new Claimable({ words, onTaken: taken });
const talk = new Talk({ words, onSeen: saw, onEnded: ended });
const talks = () => desk?.engagements.filter(({ status }) => status === "talking").length ?? 0;
new HandingOn({ words, talk, talks });

/** So long before conversations are handed on the agent is told: from 15 minutes before the end of the shift. */
const HAND_OVER_NOTICE = 30 * 60;
everySecond(() => {
  const at = desk?.hand_over_at;
  const isNear = Boolean(at) && secondsUntil(at) < HAND_OVER_NOTICE;
  const text = isNear ? `Your shift comes to its end. What you still have in hand at ${timeOfDay(at)} is handed on to colleagues.` : "";
  if ($("#shift-ends").textContent !== text) $("#shift-ends").textContent = text;
  show($("#shift-ends"), isNear);
});

/** The platform's view of the desk. */
function draw(view) {
  const before = desk;
  desk = view;
  const missed = before?.offers.find((offer) => !view.offers.some((other) => other.id === offer.id));
  const isNews = presence.is(view.presence.status);
  presence.tell(view.presence);
  if (isNews && before && view.presence.status === "away" && view.presence.cause === "working_time") {
    toast("Time for a pause", { text: "You have worked as long as one may without it. Finish what is in your hands; nothing new comes.", tone: "wait", seconds: 60 });
  } else if (isNews && before && missed && view.presence.status === "away") {
    toast("You are away now", { text: `The offer from ${missed.ticket.customer_name} passed without an answer. Go available again when you are back.`, tone: "wait", seconds: 30 });
  } else if (isNews && before && view.presence.status === "offline") {
    presence.lost();
  }
  offers.draw(view.offers);
  drawHeld(view.engagements);
  $("#hands").textContent = view.capacity ? `${view.load} of ${view.capacity} in hand` : "";
  if (view.claimable !== claimCount) claimable.load();
  claimCount = view.claimable;
  drawIdle();
  drawBadge();
}

function drawHeld(engagements) {
  reconcile($("#held"), engagements, make, (node, engagement) => {
    seen[engagement.id] ??= engagement.message_count;
    const unread = unreadOf(engagement);
    const link = $(".held", node);
    fill(node, {
      customer: engagement.ticket.customer_name,
      initial: engagement.ticket.customer_name.trim().charAt(0).toUpperCase(),
      state: stateOf(engagement),
      unread: unread > 99 ? "99+" : unread,
    });
    show($(".count", node), unread > 0);
    if (engagement.id === talk.id) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
    link.classList.toggle("late", isLate(engagement));
  });
  show($("#hand-over"), talks() > 0);
  show($("#held-empty"), engagements.length === 0);
}

function make(engagement) {
  const node = copy("held-card");
  const link = $(".held", node);
  link.href = `/desk/engagements/${engagement.id}`;
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    open(engagement.id);
    $("#talk-name").focus({ preventScroll: true });
  });
  return node;
}

/** It is the agent's turn, and has been for too long, or soon. */
const isLate = ({ reply_due_at }) => Boolean(reply_due_at) && secondsUntil(reply_due_at) < 15;

function stateOf(engagement) {
  const { status, reply_due_at, ticket } = engagement;
  if (reply_due_at) return replyIn(engagement);
  return `${words.engagements[status]} · ${words.queues[ticket.queue] ?? ticket.queue}`;
}

const unreadOf = ({ id, message_count }) => Math.max(0, message_count - (seen[id] ?? message_count));

/** All messages up to this number were on the screen. */
function saw(id, number) {
  if (document.hidden) return;
  seen[id] = Math.max(seen[id] ?? 0, number);
  sessionStorage.setItem(SEEN, JSON.stringify(seen));
  if (desk) drawHeld(desk.engagements);
  drawBadge();
}

function drawBadge() {
  if (!desk) return;
  const [offer] = desk.offers;
  if (offer) return badge(desk.offers.length, `${offer.ticket.customer_name} waits for you`);
  const unread = desk.engagements.reduce((sum, engagement) => sum + unreadOf(engagement), 0);
  badge(unread, unread === 1 ? "New message" : "New messages");
}

/** What the middle says while no conversation is open: how things stand, and what happens next. */
function drawIdle() {
  show($("#idle"), talk.id === null);
  root.classList.toggle("has-open", talk.id !== null);
  const [title, text] = {
    available: whileAvailable(),
    away: ["You are away", "No offers come. What is in your hands stays with you."],
    offline: ["You are offline", "Go available, and conversations that suit you come to you one by one. You may decline any of them."],
  }[presence.status];
  fill($("#idle"), { title, text });
  show($("#idle [data-do=return]"), presence.status !== "available");
}

function whileAvailable() {
  if (desk?.offers.length) return ["Somebody waits for your answer", "Read what it is about. Accept, or decline; both are fine."];
  if (desk?.capacity && desk.load >= desk.capacity) return ["Your hands are full", "Choose one of your conversations. The next comes when you have closed one."];
  return ["You are available", "The next conversation that suits you comes to you as an offer. Take your time to read it; the ring shows how long."];
}

async function taken(engagement) {
  seen[engagement.id] = 0;
  await open(engagement.id);
  $("#body").focus();
}

function open(id, isBack = false) {
  const path = id ? `/desk/engagements/${id}` : "/desk";
  if (!isBack && location.pathname !== path) history.pushState({}, "", path);
  const opened = id ? talk.open(id) : talk.leave();
  if (desk) drawHeld(desk.engagements);
  drawIdle();
  return opened;
}

/** A conversation changed its state: what was earned changes with it. */
function ended({ status, disposition, ticket }) {
  if (status !== "resolved") return;
  if (disposition === "not_recorded") {
    toast(`${ticket.customer_name}: the time was up`, { text: "The conversation is closed, and booked as far as the time went.", tone: "wait" });
  }
  call("GET", "/earnings/summary").then(({ balance }) => ($("#balance").textContent = money(balance)), () => {});
}

for (const way of [$(".go-back"), $("#ended [data-do=close]")]) {
  way.addEventListener("click", (event) => {
    event.preventDefault();
    open(null);
  });
}
addEventListener("popstate", () => open(location.pathname.split("/")[3] ?? null, true));
document.addEventListener("visibilitychange", () => !document.hidden && talk.id && saw(talk.id, talk.log.last));
// A menu closes when one clicks or goes elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) menu.open = false;
});

$("#held").replaceChildren();
const notice = connectionNotice();
/** An offer that was taken back is nobody's fault; say so, for its card vanishes. */
function takenBack({ id }) {
  const offer = desk?.offers.find((one) => one.id === id);
  if (offer) toast("The offer was taken back", { text: `${offer.ticket.customer_name} is being helped by somebody else.`, tone: "wait" });
}

listen(() => "/desk/events", "/presence", { desk: draw, "offer.rescinded": takenBack }, {
  onState: (isThere) => {
    notice(isThere);
    if (isThere) claimCount = -1;
  },
  onRefused: (refusal) => (refusal.status === 401 ? signIn() : toast("The desk cannot be shown", { text: refusal.text, tone: "bad", seconds: 600 })),
});
// The seconds left for an answer run on the cards, too.
everySecond(() => desk?.engagements.some(({ reply_due_at }) => reply_due_at) && drawHeld(desk.engagements));
// Which tickets wait can change while their number does not.
setInterval(() => !document.hidden && claimCount > 0 && claimable.load(), 10000);
if (root.dataset.open) open(root.dataset.open, true);
drawIdle();
