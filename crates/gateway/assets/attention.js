// Ways to be noticed: the tab's title and icon, a sound, a note on the page, a word for who listens.

import { $, el, show } from "./dom.js";

const TITLE = document.title;
const SOUND = "gigdesk.sound";
let audio;

/** How many things wait; the first of them in words. */
export function badge(count, text) {
  const title = count ? `(${count}) ${text}` : TITLE;
  if (document.title !== title) document.title = title;
  const { quietIcon, alertIcon } = $("#desk").dataset;
  const icon = $("link[rel=icon]");
  const href = count ? alertIcon : quietIcon;
  if (icon.getAttribute("href") !== href) icon.setAttribute("href", href);
}

/** For who does not see the page. */
export function say(text) {
  $("#say").textContent = text;
}

/** The switch for sounds, off at first. */
export function soundSwitch(button) {
  const set = (on) => {
    button.setAttribute("aria-pressed", String(on));
    localStorage.setItem(SOUND, on ? "on" : "off");
  };
  button.setAttribute("aria-pressed", String(localStorage.getItem(SOUND) === "on"));
  button.addEventListener("click", () => {
    set(button.getAttribute("aria-pressed") !== "true");
    chime("message");
  });
}

/** Two soft notes for an offer, one for a message. Browsers allow it once the page was touched. */
export function chime(kind) {
  if (localStorage.getItem(SOUND) !== "on") return;
  audio ??= new AudioContext();
  const notes = kind === "offer" ? [587.3, 784] : [659.3];
  notes.forEach((pitch, place) => note(pitch, audio.currentTime + place * 0.16));
}

function note(pitch, at) {
  const [tone, volume] = [audio.createOscillator(), audio.createGain()];
  tone.type = "sine";
  tone.frequency.value = pitch;
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(0.12, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.5);
  tone.connect(volume).connect(audio.destination);
  tone.start(at);
  tone.stop(at + 0.6);
}

/** A note that goes away by itself, unless somebody is reading it. */
export function toast(title, { text, tone = "info", link, seconds = 9 } = {}) {
  const close = el("button", { type: "button", class: "icon-button", "aria-label": "Close this note" }, "×");
  const way = link && el("a", { href: link.href }, link.text);
  const node = el("div", { class: `toast ${tone}` }, el("div", { class: "grow" }, el("strong", {}, title), text && el("p", {}, text), way), close);
  let timer;
  const leave = () => node.remove();
  const start = () => (timer = setTimeout(leave, seconds * 1000));
  close.addEventListener("click", leave);
  node.addEventListener("pointerenter", () => clearTimeout(timer));
  node.addEventListener("pointerleave", start);
  $("#toasts").append(node);
  start();
}

/** Shows that the connection is gone, unless it is back in a moment. */
export function connectionNotice() {
  let timer;
  addEventListener("offline", () => show($("#connection"), true));
  return (isThere) => {
    if (isThere) {
      clearTimeout(timer);
      timer = undefined;
      show($("#connection"), false);
    } else {
      // Each try that fails says so; the first counts.
      timer ??= setTimeout(() => show($("#connection"), true), 2500);
    }
  };
}
