// Small kindnesses of the application's pages. They work without.

import { asClock, everySecond, secondsUntil, setClock } from "./clock.js";
import { $ } from "./dom.js";

// The browser knows the time zone; most people do not know what theirs is called.
const zone = $("[data-guess-zone]");
if (zone && !zone.value) zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";

const end = $("[data-ends-at]");
if (end) {
  setClock(end.dataset.now);
  everySecond(() => {
    const left = secondsUntil(end.dataset.endsAt);
    end.textContent = left > 0 ? `${asClock(left)} left` : "The time is over";
    end.classList.toggle("bad", left < 120);
  });
}

// What one was sent here for is opened.
const aim = location.hash && $(`${location.hash} details`);
if (aim) aim.open = true;
