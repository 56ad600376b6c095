// The scan box owns the focus after every action, and a scan reaches it wherever the focus is.
import { enqueue, isIdle, ticket } from "./till_deeds.js";
import { box, moveChoice, showBadge } from "./till_keys.js";
import { sound } from "./till_sound.js";

const BURST_GAP_MS = 50; // a scanner types a character every few milliseconds, a person every eighty or more
const SCANNED = /^(?=(.*\d){6})[0-9A-Z-]{8,}$/; // shorter ones may be a PIN typed by a quick hand
const isField = (element) => element?.closest?.("input, textarea, select, [contenteditable]");

if (box()) start();

function start() {
  if (matchMedia("(pointer: coarse)").matches) box().inputMode = "none"; // a handheld's scanner needs no keyboard on the screen
  box().form.addEventListener("submit", (event) => { event.preventDefault(); enter(); });
  box().addEventListener("keydown", onBoxKey);
  document.addEventListener("keydown", onAnyKey, true);
  document.addEventListener("htmx:afterSettle", settled);
  document.addEventListener("till:online", () => enqueue({ url: ticket().dataset.self, verb: "GET" }));
  document.querySelector("[data-keyboard]")?.addEventListener("click", () => {
    box().inputMode = box().inputMode === "none" ? "text" : "none";
    box().blur();
    box().focus();
  });
  addEventListener("focus", () => own());
  settled();
}

function enter() {
  const text = box().value.trim();
  box().value = "";
  box().dispatchEvent(new Event("input", { bubbles: true }));
  arrived(text);
}

// What a scanner or a hand has entered; a panel may add what it is about.
function arrived(text) {
  if (!text || showBadge(text)) return;
  const more = document.querySelector("#ticket [data-more]")?.dataset.more;
  enqueue({ url: box().form.dataset.enter, values: { ...JSON.parse(more ?? "{}"), text } });
}

function onBoxKey(event) {
  if (event.isComposing) return;
  if (event.key === "Escape" && box().value) {
    event.preventDefault();
    event.stopPropagation();
    box().value = "";
    box().dispatchEvent(new Event("input", { bubbles: true }));
  } else if ((event.key === "ArrowUp" || event.key === "ArrowDown") && box().getAttribute("aria-expanded") !== "true") {
    event.preventDefault();
    moveChoice(event.key === "ArrowUp" ? -1 : 1);
  } else if (event.key === "PageUp" || event.key === "PageDown") {
    const panel = document.querySelector(".side-panel:has(.why)"); // what is read, and longer than the window
    panel?.scrollBy({ top: (event.key === "PageUp" ? -0.8 : 0.8) * panel.clientHeight });
  }
}

// ---- a scan while the focus is in another field, or nowhere ----
let burst = { text: "", at: 0, field: null, before: "" };

function onAnyKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target === box()) return;
  const field = isField(event.target);
  if (!field && event.key.length === 1 && !event.target.closest?.("button, a, summary, [role=option]") && event.key !== "?") box().focus();
  if (!field) return;
  const now = event.timeStamp;
  if (event.key === "Enter" && burst.field === field && SCANNED.test(burst.text) && now - burst.at <= BURST_GAP_MS) {
    event.preventDefault();
    event.stopImmediatePropagation();
    field.value = burst.before;
    const text = burst.text;
    burst = { text: "", at: 0, field: null, before: "" };
    arrived(text);
  } else if (event.key.length === 1) {
    if (burst.field !== field || now - burst.at > BURST_GAP_MS) burst = { text: "", at: now, field, before: field.value };
    burst.text += event.key;
    burst.at = now;
  }
}

// ---- after every answer ----
function settled() {
  const shown = ticket();
  if (!shown) return;
  if (shown.dataset.sound) sound(shown.dataset.sound);
  delete shown.dataset.sound;
  box().placeholder = shown.dataset.hint;
  document.querySelector("tr[data-line][aria-current]")?.scrollIntoView({ block: "nearest" });
  own();
  new BroadcastChannel("liushui-till").postMessage("changed");
}

// Gives the scan box the focus, unless the panel that has just been opened asks for typing.
function own() {
  const asking = document.querySelector("#ticket [data-first-field]");
  const present = document.activeElement;
  if (asking && !asking.dataset.wasFocused) {
    asking.dataset.wasFocused = "";
    asking.focus();
  } else if (!(isField(present) && document.getElementById("ticket").contains(present))) box().focus({ preventScroll: true });
}

// ---- a payment or an approval that is waited for: asked again and again, never over another deed ----
setInterval(async () => {
  const asked = document.querySelector("#ticket [data-poll]");
  if (!asked || !isIdle() || document.hidden) return;
  enqueue({ url: asked.dataset.poll, values: JSON.parse(asked.dataset.values ?? "{}") });
}, 1500);
