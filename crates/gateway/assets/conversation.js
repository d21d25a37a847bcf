// The customer's side of a conversation.

import { call, listen } from "./api.js";
import { Composer, Log } from "./chat.js";
import { secondsUntil, setClock } from "./clock.js";
import { connectionNotice } from "./attention.js";
import { $, ask, fill, show } from "./dom.js";

const root = $("#visit");
const base = `/conversations/${encodeURIComponent(root.dataset.token)}`;
const WORDS = { 1: "Bad", 2: "Not good", 3: "All right", 4: "Good", 5: "Very good" };
let view = null;
let hasLeft = false;

setClock(root.dataset.now);
document.documentElement.classList.add("scripted");

const log = new Log({
  list: $("#log"),
  box: document.scrollingElement,
  newer: $("#newer"),
  mine: "customer",
  nameOf: (author) => ({ customer: "You", agent: view?.agent_name ?? "Agent", assistant: "Assistant" })[author] ?? "",
});
const composer = new Composer({ form: $("#composer"), log, path: () => `${base}/messages` });
composer.open("me");

function heard(message) {
  if (message.author === "customer" && message.client_id) composer.arrived("me", message.client_id);
  if (log.add(message) && document.hidden && message.author === "agent") document.title = "New message · Gigdesk";
}

function stands(now) {
  view = now;
  const isWaiting = view.status === "waiting" || view.status === "offered";
  const isOver = hasLeft || ["resolved", "abandoned", "expired"].includes(view.status);
  const isOpen = (isWaiting || view.status === "engaged") && !hasLeft;
  // Writing opens it again for some days; and with the assistant it goes on.
  const mayWrite = isOpen || view.status === "returned" || mayReopen();
  $("#standing").textContent = standing();
  show($("#waiting"), isWaiting && !hasLeft);
  if (isWaiting) fill($("#waiting"), waiting());
  $("#waiting [data-since]").dataset.since = view.waiting_since;
  show($("#composer"), mayWrite);
  show($("#leave"), isOpen);
  fill($("#leave-dialog"), {
    text: isWaiting ? "You would give up your place. To speak to somebody, you would have to ask again." : `${view.agent_name ?? "The agent"} will see that you have left.`,
  });
  show($("#rating"), view.can_rate && !isOpen);
  show($("#ended"), (isOver && !view.can_rate) || view.status === "wrapping");
  fill($("#ended"), ending());
  if (log.last >= view.message_count) log.begun();
}

const mayReopen = () => Boolean(view.reopens_until) && secondsUntil(view.reopens_until) > 0;

function standing() {
  if (hasLeft) return "You have left the conversation.";
  const name = view.agent_name ?? "Somebody";
  return {
    waiting: "Waiting for somebody who knows this",
    offered: "Somebody is about to answer",
    engaged: `${name} is here for you`,
    wrapping: `${name} has ended the conversation`,
    resolved: "The conversation has ended",
    abandoned: "You have left the conversation",
    returned: "The assistant goes on with this conversation",
    expired: "We could not find anybody in time",
  }[view.status];
}

function waiting() {
  if (view.status === "offered") {
    return { title: "One moment, please", text: "We have asked somebody who knows this. They see all that you wrote so far." };
  }
  const before = view.queue_position ?? 0;
  const title = before === 0 ? "You are next" : before === 1 ? "One person is before you" : `${before} people are before you`;
  return { title, text: "Somebody who knows this will be with you. They see all that you wrote so far, so there is no need to repeat it; add to it whenever you like." };
}

function ending() {
  if (hasLeft) return { title: "You have left", text: "Thank you for coming. If you change your mind, load this page again." };
  if (view.status === "wrapping") return { title: "That was it", text: "In a moment you can say how it was." };
  if (view.rating) {
    const more = mayReopen() ? " If there is more, write here, and the conversation is opened again." : "";
    return { title: "Thank you", text: `You gave ${view.rating} of 5 stars. It helps us, and the person who helped you.${more}` };
  }
  if (view.status === "abandoned") return { title: "You have left", text: "To speak to somebody, please ask the assistant again." };
  if (view.status === "expired") return { title: "We are sorry", text: "We could not find anybody in time, and will come back to you." };
  const text = mayReopen() ? "Thank you for coming. If there is more, write here, and it is opened again." : "Thank you for coming.";
  return { title: "The conversation has ended", text };
}

$("#leave").addEventListener("click", async () => {
  if (!(await ask($("#leave-dialog")))) return;
  try {
    const now = await call("POST", `${base}/leave`);
    // A conversation that somebody has taken goes on without the customer, until that person ends it.
    hasLeft = now.status === "engaged";
    stands(now);
  } catch (refusal) {
    $("#standing").textContent = refusal.text;
  }
});

$("#rating").addEventListener("change", (event) => {
  if (event.target.name !== "score") return;
  $("#star-word").textContent = WORDS[event.target.value];
  show($("#rating-fault"), false);
});

$("#rating").addEventListener("submit", async (event) => {
  event.preventDefault();
  const score = Number($("#rating input:checked")?.value ?? 0);
  const comment = $("#comment").value.trim();
  const fault = (text) => {
    $("#rating-fault").textContent = text;
    show($("#rating-fault"), text !== "");
  };
  if (!score) return fault("Please choose one to five stars.");
  const button = $("#rating button");
  button.disabled = true;
  try {
    stands(await call("POST", `${base}/rating`, { score, ...(comment && { comment }) }));
    fault("");
  } catch (refusal) {
    fault(refusal.text);
  } finally {
    button.disabled = false;
  }
});

const title = document.title;
document.addEventListener("visibilitychange", () => !document.hidden && (document.title = title));

// Where things stand comes first, so that who speaks has a name.
await call("GET", base).then(stands, () => {});
const notice = connectionNotice();
listen(() => `${base}/events?after=${log.last}`, base, { message: heard, state: stands }, {
  onState: (isThere) => {
    notice(isThere);
    if (isThere) composer.retry();
  },
  onRefused: () => location.reload(),
});
