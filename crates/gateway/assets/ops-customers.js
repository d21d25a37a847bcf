// Imports a file as it is: no form has to carry it. Without this script, lines can be pasted.

const form = document.getElementById("file-form");
const file = document.getElementById("file");
const result = document.getElementById("import-result");

form.hidden = false;
file.required = true;

function banner(colour, text, faults = []) {
  const box = document.createElement("div");
  box.className = `banner ${colour}`;
  const line = document.createElement("p");
  line.textContent = text;
  box.append(line);
  if (faults.length > 0) {
    const list = document.createElement("ul");
    list.className = "faults";
    for (const fault of faults) {
      const item = document.createElement("li");
      const where = document.createElement("strong");
      where.textContent = fault.field;
      item.append(where, ` ${fault.message}`);
      list.append(item);
    }
    box.append(list);
  }
  result.replaceChildren(box);
}

async function send() {
  const response = await fetch("/api/v1/ops/customers", {
    method: "POST",
    headers: { "content-type": "text/csv" },
    body: await file.files[0].arrayBuffer(),
  });
  const answer = await response.json();
  if (response.ok) {
    banner("good", `Done: ${answer.imported} added, ${answer.updated} brought up to date.`);
    form.reset();
  } else if (answer.errors) {
    banner("bad", "Nothing was imported. Please mend these lines and send the whole file again:", answer.errors);
  } else {
    banner("bad", `Nothing was imported: ${answer.detail}.`);
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    await send();
  } catch {
    banner("bad", "The file did not get through. Please try again.");
  } finally {
    button.disabled = false;
  }
});
