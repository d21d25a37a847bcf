// A page that answered a form gets the address under which it can be loaded again.

const page = document.querySelector("[data-address]");
if (page) history.replaceState(null, "", page.dataset.address);
