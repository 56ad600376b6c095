// Price look-up in the scan box: words are searched as they are typed, the arrows and Enter choose; digits are left alone.
import htmx from "htmx.org";
import { enqueue } from "./till_deeds.js";
import { box } from "./till_keys.js";

const WAIT_MS = 120;
const list = document.getElementById("looks");
let timer;
let asked = "";

if (list) {
  box().addEventListener("input", later);
  box().addEventListener("compositionend", later);
  box().addEventListener("keydown", onKey, true);
  list.addEventListener("mousedown", (event) => event.preventDefault()); // the box keeps the focus
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) take(option);
  });
  document.addEventListener("htmx:afterSwap", (event) => { if (event.detail.target === list) shown(); });
}

const words = () => {
  const text = box().value.trim().replace(/^\s*[\d.]+\s*[*x×]\s*/i, "");
  return /\p{L}/u.test(text) ? text : "";
};

function later(event) {
  clearTimeout(timer);
  if (event.isComposing) return;
  if (!words()) return hide();
  timer = setTimeout(() => {
    asked = words();
    if (asked) htmx.ajax("GET", list.dataset.url, { source: list, target: list, swap: "innerHTML", values: { q: asked } });
  }, WAIT_MS);
}

function shown() {
  if (!words()) return hide();
  box().setAttribute("aria-expanded", "true");
  list.hidden = false;
  choose(list.querySelector("[role=option]"));
}

function hide() {
  clearTimeout(timer);
  list.hidden = true;
  list.replaceChildren();
  box().setAttribute("aria-expanded", "false");
  box().removeAttribute("aria-activedescendant");
}

function choose(option) {
  for (const other of list.querySelectorAll("[aria-selected=true]")) other.setAttribute("aria-selected", "false");
  if (!option) return;
  option.setAttribute("aria-selected", "true");
  option.scrollIntoView({ block: "nearest" });
  box().setAttribute("aria-activedescendant", option.id);
}

function onKey(event) {
  if (event.isComposing || list.hidden) return;
  const options = [...list.querySelectorAll("[role=option]")];
  const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    event.stopImmediatePropagation();
    choose(options[Math.min(options.length - 1, Math.max(0, at + (event.key === "ArrowDown" ? 1 : -1)))]);
  } else if (event.key === "Enter" && at >= 0 && asked === words()) {
    event.preventDefault();
    event.stopImmediatePropagation();
    take(options[at]);
  }
}

// What stands before the words, such as 3*, goes with the article that was picked.
function take(option) {
  const before = /^\s*([\d.]+)\s*[*x×]/i.exec(box().value);
  box().value = "";
  hide();
  box().focus();
  enqueue({ url: box().form.dataset.enter, values: { text: (before ? `${before[1]}*` : "") + option.dataset.code } });
}
