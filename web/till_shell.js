// Drop-downs, light and dark, print: what the console's shell does, without its palette and its single-letter keys.
const find = (selector, root = document) => root.querySelector(selector);

document.addEventListener("click", (event) => {
  for (const drop of document.querySelectorAll("details[data-drop][open]"))
    if (!drop.contains(event.target) || event.target.closest(".drop-item")) drop.open = false;
  if (event.target.closest("[data-print]")) print();
  if (event.target.closest("[data-dismiss]")) event.target.closest(".notice").remove();
  if (event.target.closest("[data-back]")) history.back();
});

document.addEventListener("keydown", (event) => {
  const drop = event.key === "Escape" && find("details[data-drop][open]");
  if (drop) { event.stopImmediatePropagation(); drop.open = false; find("summary", drop).focus(); }
});

find("[data-theme-form]")?.addEventListener("submit", (event) => {
  const chosen = event.submitter?.value;
  if (!chosen) return;
  event.preventDefault();
  keep("liushui_theme", chosen);
  const root = document.documentElement;
  root.dataset.theme = chosen;
  root.dataset.bsTheme = chosen !== "auto" ? chosen : matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  for (const button of event.target.querySelectorAll("button[name=theme]"))
    button.setAttribute("aria-pressed", String(button.value === chosen));
});

// A choice that the server reads when it draws the next page.
export function keep(name, value) {
  document.cookie = `${name}=${value}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
}
