// What every console page loads. Charts come only where a page has one.
import "./main.css";
import htmx from "htmx.org";
import "./shell.js";
import "./tables.js";
import "./columns.js";
import "./forms.js";
import "./copy.js";

window.htmx = htmx;

async function loadWhatIsNeeded(root) {
  if (root.querySelector("[data-chart]")) (await import("./charts.js")).drawCharts(root);
  const builder = root.querySelector("[data-builder]:not([data-is-listening])");
  if (builder) {
    builder.dataset.isListening = "";
    (await import("./promotions/builder.js")).listenToBuilder(builder);
  }
  if (root.querySelector("[data-passkey]")) (await import("./passkeys.js")).listenToPasskeys(root);
}

loadWhatIsNeeded(document);
document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt !== document.body) loadWhatIsNeeded(event.detail.elt.parentElement ?? document);
});
