// Whether the agent is there: the switch, and the heartbeat that keeps it true.

import { call, signIn } from "./api.js";
import { toast } from "./attention.js";
import { $, show } from "./dom.js";

const LIMITS = {
  day: "Then you have worked as long as one may in a day.",
  week: "Then you have worked as long as one may in a week.",
  break: "Then it is time for a break.",
  rest: "Then it is time for a night’s rest.",
};

/** What this tab calls itself. It keeps the name when it is loaded again. */
function connectionOfThisTab() {
  const KEY = "gigdesk.connection";
  const name = sessionStorage.getItem(KEY) ?? crypto.randomUUID();
  sessionStorage.setItem(KEY, name);
  return name;
}

export class Presence {
  constructor({ onChange }) {
    this.onChange = onChange;
    this.status = $("#presence input:checked")?.value ?? "offline";
    this.isBusy = false;
    this.connection = connectionOfThisTab();
    this.worker = new Worker(new URL("./heartbeat.js", import.meta.url));
    this.worker.onmessage = ({ data }) => this.heard(data.status);
    $("#presence").addEventListener("change", (event) => this.go(event.target.value));
    for (const button of document.querySelectorAll("[data-do=return]")) {
      button.addEventListener("click", () => this.go("available"));
    }
    addEventListener("pagehide", () => this.leave());
    addEventListener("pageshow", (event) => event.persisted && this.keepUp());
    this.keepUp();
  }

  /** Says it to the platform; the switch goes back where it was refused. */
  async go(status) {
    this.isBusy = true;
    try {
      const presence = await call("PUT", "/presence", { status, connection_id: this.connection });
      this.isBusy = false;
      this.is(presence.status);
      this.tell(presence);
    } catch (refusal) {
      this.isBusy = false;
      if (refusal.status === 401) return signIn();
      this.draw();
      toast("That did not work", { text: refusal.text, tone: "bad" });
    }
  }

  /** What the platform says. True when it is news that this page did not make. */
  is(status) {
    if (this.isBusy || status === this.status) return false;
    this.status = status;
    if (status !== "offline") show($("#gone"), false);
    this.draw();
    this.keepUp();
    this.onChange(status);
    return true;
  }

  /** Tells of a connection that falters, and of work that comes to its end. */
  tell({ connection, working_time: time }) {
    show($("#unstable"), connection === "unstable");
    const isEnding = time?.is_ending === true;
    if (isEnding) {
      const left = time.left_minutes === 1 ? "1 minute" : `${time.left_minutes} minutes`;
      $("#ending").textContent = `New conversations come for ${left} more. ${LIMITS[time.limit]}`;
    }
    show($("#ending"), isEnding);
  }

  draw() {
    const choice = $(`#presence input[value="${this.status}"]`);
    if (choice) choice.checked = true;
  }

  keepUp() {
    this.worker.postMessage(this.status === "offline" ? {} : { connection: this.connection });
  }

  /** This tab is closed, or loaded again; another tab or device may go on. */
  leave() {
    if (this.status === "offline") return;
    const body = new Blob([JSON.stringify({ connection_id: this.connection })], { type: "application/json" });
    navigator.sendBeacon("/api/v1/presence/leave", body);
  }

  heard(status) {
    if (status === 401) return signIn();
    if (status === 409) this.lost();
  }

  /** Too long a silence: the platform has taken the agent for gone. */
  lost() {
    this.is("offline");
    show($("#gone"), true);
  }
}
