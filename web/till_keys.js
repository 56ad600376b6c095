// Every key is written on a button as data-key: pressing it presses the button. Buttons that do something name it as
// data-act (an address); data-take sends what stands in the scan box along.
import { enqueue, ticket } from "./till_deeds.js";

export const box = () => document.getElementById("scan");
const isField = (element) => element?.closest?.("input, textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (wantsHelp(event)) { event.preventDefault(); return help(); }
  const button = pressedBy(event);
  if (button) {
    event.preventDefault();
    if (!event.repeat) button.click();
  } else if (/^F([1-9]|10)$/.test(event.key) && event.key !== "F5" && box()) event.preventDefault();
});

function pressedBy(event) {
  if (event.key === "Escape" && helpPanel() && !helpPanel().hidden) return helpPanel().querySelector("[data-keys-close]");
  if (event.key === "Escape" && box()?.value) return null; // the first Escape empties the box
  if (event.key.length === 1 && isField(event.target) && (event.target !== box() || box().value)) return null;
  const all = [...document.querySelectorAll(`[data-key="${CSS.escape(event.key)}"]`)];
  return all.find((button) => !button.disabled && button.offsetParent !== null);
}

// ---- the list of keys: beside the sale, never over the scan box ----
const helpPanel = () => document.getElementById("keys");
const wantsHelp = (event) => helpPanel() && (event.key === "F1" || (event.key === "?" && !(isField(event.target) && event.target.value)));
function help() {
  helpPanel().hidden = !helpPanel().hidden;
  box()?.focus();
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-keys], [data-keys-close]")) return help();
  const act = event.target.closest("[data-act]");
  if (act && act.tagName !== "FORM") { event.preventDefault(); return press(act); }
  const key = event.target.closest("[data-digit]");
  if (key) return digit(key.dataset.digit);
  const row = event.target.closest("tr[data-line]");
  if (row) choose(row);
});

export function press(button) {
  const values = { ...JSON.parse(button.dataset.values ?? "{}") };
  if (button.dataset.take !== undefined && box()) {
    values.text = box().value.trim();
    box().value = "";
    box().dispatchEvent(new Event("input", { bubbles: true }));
  }
  enqueue({ url: button.dataset.act, values, verb: button.dataset.verb ?? "POST" });
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-act]");
  if (!form) return;
  event.preventDefault();
  const values = Object.fromEntries(new FormData(form, event.submitter));
  enqueue({ url: event.submitter?.getAttribute("formaction") ?? form.dataset.act, values });
});

// ---- keys of the screen, for fingers ----
function digit(what) {
  const field = box();
  if (what === "back") field.value = field.value.slice(0, -1);
  else if (what === "enter") field.form.requestSubmit();
  else field.value += what;
  if (what !== "enter") field.dispatchEvent(new Event("input", { bubbles: true }));
  field.focus();
}

// ---- the chosen line ----
function choose(row) {
  for (const other of document.querySelectorAll("tr[data-line][aria-current]")) other.removeAttribute("aria-current");
  row.setAttribute("aria-current", "true");
  row.scrollIntoView({ block: "nearest" });
  ticket().dataset.line = row.dataset.line;
}

export function moveChoice(step) {
  const rows = [...document.querySelectorAll("tr[data-line]:not([data-voided])")];
  const at = rows.findIndex((row) => row.hasAttribute("aria-current"));
  const next = rows[at === -1 ? rows.length - 1 : at + step];
  if (next) choose(next);
}
