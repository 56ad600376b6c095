// The customer's display: a second window that is told by the sale screen when something changed, and asks now and then anyway.
import htmx from "htmx.org";

const ASK_MS = 2500;
const shown = document.getElementById("display");

if (shown) {
  const refresh = () => htmx.ajax("GET", shown.dataset.url, { source: shown, target: "#display", swap: "innerHTML" }).catch(() => {});
  new BroadcastChannel("liushui-till").onmessage = refresh;
  setInterval(refresh, ASK_MS);
}
