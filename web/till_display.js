// The customer's display: a second window that is told by the sale screen when something changed, and asks now and then anyway.
// While the till is locked it goes on showing what it shows: the sign-in belongs to the other window.
const ASK_MS = 2500;
const shown = document.getElementById("display");

async function refresh() {
  try {
    const answer = await fetch(shown.dataset.url, { headers: { "HX-Request": "true" }, redirect: "manual" });
    if (answer.status === 200) shown.innerHTML = await answer.text();
  } catch { /* the line is down: the sale screen says so */ }
}

if (shown) {
  new BroadcastChannel("liushui-till").onmessage = refresh;
  setInterval(refresh, ASK_MS);
}
