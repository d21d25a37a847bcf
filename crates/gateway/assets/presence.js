// Whether the agent is there: the switch, and the heartbeat that keeps it true.

import { call, signIn } from "./api.js";
import { toast } from "./attention.js";
import { $, show } from "./dom.js";

export class Presence {
  constructor({ onChange }) {
    this.onChange = onChange;
    this.status = $("#presence input:checked")?.value ?? "offline";
    this.isBusy = false;
    this.worker = new Worker(new URL("./heartbeat.js", import.meta.url));
    this.worker.onmessage = ({ data }) => this.heard(data.status);
    $("#presence").addEventListener("change", (event) => this.go(event.target.value));
    for (const button of document.querySelectorAll("[data-do=return]")) {
      button.addEventListener("click", () => this.go("available"));
    }
    this.keepUp();
  }

  /** Says it to the platform; the switch goes back where it was refused. */
  async go(status) {
    this.isBusy = true;
    try {
      const presence = await call("PUT", "/presence", { status });
      this.isBusy = false;
      this.is(presence.status);
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

  draw() {
    const choice = $(`#presence input[value="${this.status}"]`);
    if (choice) choice.checked = true;
  }

  keepUp() {
    this.worker.postMessage(this.status === "offline" ? "stop" : "start");
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
