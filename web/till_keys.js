// Every key is written on a button as data-key: pressing it presses the button. Buttons that do something name it as
// data-act (an address); data-take sends what stands in the scan box along.
import { enqueue, isIdle, ticket } from "./till_deeds.js";

export const box = () => document.getElementById("scan");
const isField = (element) => element?.closest?.("input, textarea, select, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (wantsHelp(event)) { event.preventDefault(); return help(); }
  if (!isIdle() && box() && waits(event)) {
    event.preventDefault();
    if (!event.repeat) later(event.key);
    return;
  }
  const button = pressedBy(event);
  if (button) {
    event.preventDefault();
    if (!event.repeat) button.click();
  } else if (/^F([1-9]|10)$/.test(event.key) && event.key !== "F5" && box()) event.preventDefault();
});

// Keys that open something, unless they are being typed.
function waits({ key, target }) {
  if (/^[/=*[]$/.test(key)) return !box().value && (target === box() || !isField(target));
  return /^(F\d+|Escape)$/.test(key) && key !== "F5";
}

// A key that is pressed while an answer is awaited means what it will mean then; what was typed before it goes along.
function later(key) {
  const typed = take();
  enqueue(() => {
    const button = pressedBy({ key, target: document.body });
    if (button?.dataset.take === undefined) box().value = typed + box().value;
    if (!button) return null;
    if (button.dataset.act && button.tagName !== "FORM") return deedOf(button, typed);
    button.click();
    return null;
  });
}

function pressedBy(event) {
  if (event.key === "Escape" && helpPanel() && !helpPanel().hidden) return helpPanel().querySelector("[data-keys-close]");
  if (event.key === "Escape" && box()?.value) return null; // the first Escape empties the box
  if (event.key.length === 1 && isField(event.target) && (event.target !== box() || box().value)) return null;
  const all = [...document.querySelectorAll(`[data-key~="${CSS.escape(event.key)}"]`)];
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
  const filler = event.target.closest("[data-reason]");
  if (filler) return fill(filler);
  const row = event.target.closest("tr[data-line]");
  if (row && !row.hasAttribute("data-voided")) touch(row);
});

// The first touch chooses a line, the second asks why it costs what it does.
function touch(row) {
  const again = row.hasAttribute("aria-current") && row.hasAttribute("data-why") && isIdle();
  choose(row);
  if (again) enqueue({ url: ticket().dataset.self, values: { show: ticket().dataset.panel === "why" ? "" : "why" }, verb: "GET" });
}

// A usual reason is one touch away; what is asked for next gets the focus.
function fill(button) {
  const field = document.querySelector(button.dataset.reason);
  field.value = button.textContent.trim();
  const fields = [...field.form.querySelectorAll("input:not([type=hidden])")];
  (fields[fields.indexOf(field) + 1] ?? field).focus();
}

// ---- a badge: it fills the form that waits for an approver and sends it ----
const BADGE = /^LSB[0-9A-Z]{20}$/i;

export function showBadge(text) {
  const form = document.querySelector("form[data-approval]");
  if (!form || !BADGE.test(text)) return false;
  form.querySelector("[data-badge]").value = text.toUpperCase();
  form.requestSubmit();
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !isField(event.target) || event.target.name === "badge") return;
  const badge = /LSB[0-9A-Z]{20}$/i.exec(event.target.value ?? "")?.[0];
  if (!badge || !document.querySelector("form[data-approval]")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  event.target.value = event.target.value.slice(0, -badge.length);
  showBadge(badge);
}, true);

function press(button) {
  enqueue(deedOf(button, button.dataset.take !== undefined && box() ? take() : ""));
}

function deedOf(button, text) {
  const values = { ...JSON.parse(button.dataset.values ?? "{}") };
  if (button.dataset.take !== undefined) values.text = text;
  const field = button.dataset.with && document.querySelector(button.dataset.with);
  if (field) values[field.name] = field.value;
  return { url: button.dataset.act, values, verb: button.dataset.verb ?? "POST" };
}

// What stands in the box, which is empty then.
function take() {
  const text = box().value.trim();
  box().value = "";
  box().dispatchEvent(new Event("input", { bubbles: true }));
  return text;
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
