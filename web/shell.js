// The frame: menu on a phone, drop-downs, search palette, keys, theme, notices. Texts come from the page.
const find = (selector, root = document) => root.querySelector(selector);
const singleKeys = {
  get on() { return localStorage.getItem("liushui-single-keys") !== "off"; },
  set on(value) { localStorage.setItem("liushui-single-keys", value ? "on" : "off"); },
};

// ---- dialogs and the menu ----
function open(id) {
  const target = document.getElementById(id);
  if (target instanceof HTMLDialogElement) {
    if (!target.open) target.showModal();
    find("input[type=search]", target)?.dispatchEvent(new Event("palette-open"));
  } else if (target) {
    target.dataset.isOpen = "";
    find(".shell-main").inert = true;
    (find("[data-close]", target) ?? find("a, button", target)).focus();
  }
}

function close(id) {
  const target = document.getElementById(id);
  if (target instanceof HTMLDialogElement) target.close();
  else if (target) {
    delete target.dataset.isOpen;
    find(".shell-main").inert = false;
    find(`[data-open=${id}]`)?.focus();
  }
}

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-open]");
  const closer = event.target.closest("[data-close]");
  if (opener) open(opener.dataset.open);
  if (closer) close(closer.dataset.close);
  if (event.target instanceof HTMLDialogElement) event.target.close(); // a click beside it
  if (event.target.closest("[data-dismiss]")) event.target.closest(".notice").remove();
  if (event.target.closest("[data-back]")) history.back();
  if (event.target.closest("[data-print]")) print();
  const menu = find("#menu[data-is-open]");
  if (menu && !opener && !menu.contains(event.target)) close("menu");
  for (const drop of document.querySelectorAll("details[data-drop][open]"))
    if (!drop.contains(event.target)) drop.open = false;
});

// ---- drop-downs ----
document.addEventListener("toggle", (event) => {
  const drop = event.target;
  if (!drop.matches?.("details[data-drop]") || !drop.open) return;
  for (const other of document.querySelectorAll("details[data-drop][open]")) if (other !== drop) other.open = false;
  drop.dispatchEvent(new Event("drop-open"));
  find("[data-autofocus]", drop)?.focus();
}, true);

// ---- keys ----
const typing = (target) => target.closest("input, textarea, select, [contenteditable]");

function firstFilter() {
  find("[data-filters] :is(input:not([type=hidden]), select, button)")?.focus();
}

const singleKeyActions = {
  "/": () => open("search"),
  "?": () => open("keys"),
  s: () => { const drop = find("details.place"); if (drop) drop.open = true; },
  f: firstFilter,
};

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    open("search");
  } else if (event.key === "Escape") {
    escape(event);
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    moveInHits(event);
  } else if (event.key === "Enter" && event.target.matches("[data-arrows]")) {
    event.preventDefault();
    find(`${event.target.dataset.arrows} a`)?.click();
  } else if (singleKeys.on && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target) && !find("dialog[open]")) {
    const action = singleKeyActions[event.key.toLowerCase()];
    if (action) { event.preventDefault(); action(); }
  }
});

function escape(event) {
  const drop = find("details[data-drop][open]");
  const dialog = event.target.closest("dialog[open]"); // a search field would only be emptied by the first Escape
  const term = event.target.closest(".definition");
  if (dialog) dialog.close();
  else if (drop) { drop.open = false; find("summary", drop).focus(); }
  else if (find("#menu[data-is-open]")) close("menu");
  else if (term) event.target.blur();
}

function moveInHits(event) {
  const box = event.target.closest(".palette, .place-panel");
  if (!box) return;
  const stops = [find("[data-arrows]", box), ...box.querySelectorAll(".hits a")];
  const next = stops[stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1)];
  if (next) { event.preventDefault(); next.focus(); }
}

const keySwitch = find("[data-single-keys]");
if (keySwitch) {
  keySwitch.checked = singleKeys.on;
  keySwitch.addEventListener("change", () => { singleKeys.on = keySwitch.checked; });
}

// ---- theme: at once, without loading the page again ----
find("[data-theme-form]")?.addEventListener("submit", (event) => {
  const chosen = event.submitter?.value;
  if (!chosen) return;
  event.preventDefault();
  const root = document.documentElement;
  document.cookie = `liushui_theme=${chosen}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  root.dataset.theme = chosen;
  root.dataset.bsTheme = chosen !== "auto" ? chosen : matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  for (const button of event.target.querySelectorAll("button[name=theme]"))
    button.setAttribute("aria-pressed", String(button.value === chosen));
  event.target.closest("details").open = false;
  dispatchEvent(new Event("themechange"));
});

// ---- notices ----
export function toast(text, level = "info") {
  const notice = document.createElement("div");
  const words = document.createElement("span");
  const button = document.createElement("button");
  notice.className = `notice notice-${level}`;
  words.textContent = text;
  button.type = "button";
  button.className = "icon-button";
  button.dataset.dismiss = "";
  button.textContent = "×";
  button.setAttribute("aria-label", document.body.dataset.textClose);
  notice.append(words, button);
  find("#toasts")?.append(notice);
}

document.body.addEventListener("toast", (event) => toast(event.detail.text ?? event.detail.value, event.detail.level));
for (const failure of ["htmx:responseError", "htmx:sendError", "htmx:timeout"])
  document.body.addEventListener(failure, () => toast(document.body.dataset.textFailed, "error"));
