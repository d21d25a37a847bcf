// Plans shifts on the reader's own clock, and shows the planned ones on it, beside UTC.

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = new Intl.DateTimeFormat("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const isUtc = !zone || zone === "UTC" || zone === "Etc/UTC";

if (!isUtc) {
  for (const local of document.querySelectorAll(".local")) {
    const [starts, ends] = [new Date(local.dataset.starts), new Date(local.dataset.ends)];
    local.textContent = `${day.format(starts)}–${clock.format(ends)} your time`;
  }
  const choice = document.getElementById("zone");
  if (choice && ![...choice.options].some((option) => option.value === zone)) {
    choice.append(new Option(`${zone} (your clock)`, zone));
    // What was sent before stays as it was sent.
    const wasSent = document.querySelector("#shift-form [aria-invalid]") !== null;
    if (!wasSent) choice.value = zone;
  }
}
