// The promotion builder: pickers that search on the server, the basket beside it, and asking for the preview again
// after each change. Texts come from the page.
const find = (selector, root = document) => root.querySelector(selector);
const SEARCH_DELAY = 150;

export function listenToBuilder(page) {
  const preview = () => find("#preview", page).dispatchEvent(new Event("preview"));
  page.addEventListener("input", (event) => { if (!event.target.closest("[role=combobox]")) preview(); });
  page.addEventListener("change", (event) => { if (!event.target.closest("[role=combobox]")) preview(); });
  page.addEventListener("submit", (event) => { if (event.target.matches("[data-no-submit]")) event.preventDefault(); });
  let focused = "";
  page.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.target.id === "fields") focused = document.activeElement?.id ?? ""; // fields are disabled meanwhile
  });
  page.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id !== "fields" && event.detail.elt.id !== "fields") return;
    if (focused && document.activeElement === document.body) document.getElementById(focused)?.focus();
    find("#builder", page).dataset.isChanged = "";
    preview();
  });
  listenToPickers(page, preview);
  page.addEventListener("click", (event) => {
    const button = event.target.closest("[data-try-remove]");
    if (!button) return;
    button.closest("li").remove();
    find("#try-find", page).focus();
    preview();
  });
}

// ---- pickers ----
function listenToPickers(page, preview) {
  let timer = 0;
  let asked = 0;

  const hitsOf = (picker) => find(".picker-hits", picker);
  const inputOf = (picker) => find("input[type=text]", picker);
  const close = (picker) => {
    const hits = hitsOf(picker);
    if (!hits) return;
    hits.hidden = true;
    hits.replaceChildren();
    inputOf(picker).setAttribute("aria-expanded", "false");
    inputOf(picker).removeAttribute("aria-activedescendant");
  };

  async function search(picker) {
    const input = inputOf(picker), hits = hitsOf(picker), number = ++asked;
    const url = new URL(page.dataset.find.replace("SOURCE", picker.dataset.picker), location.href);
    url.searchParams.set("q", input.value.trim());
    url.searchParams.set("list", hits.id);
    const answer = await fetch(url, { headers: { "HX-Request": "true" } });
    if (!answer.ok || number !== asked || document.activeElement !== input) return;
    hits.innerHTML = await answer.text();
    hits.hidden = false;
    input.setAttribute("aria-expanded", "true");
    mark(picker, find("[data-code]", hits));
  }

  function mark(picker, option) {
    for (const each of hitsOf(picker).children) each.setAttribute("aria-selected", String(each === option));
    if (!option) return inputOf(picker).removeAttribute("aria-activedescendant");
    inputOf(picker).setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  }

  const marked = (picker) => find("[aria-selected=true]", hitsOf(picker) ?? picker);

  function choose(picker, code, name) {
    if (picker.matches("[data-try-picker]")) addLine(page, code, name);
    else if (picker.matches("[data-one]")) {
      find("[data-value]", picker).value = code;
      inputOf(picker).value = name;
    } else addChip(page, picker, code, name);
    if (!picker.matches("[data-one]")) inputOf(picker).value = "";
    close(picker);
    changed(picker);
  }

  function changed(picker) {
    const form = picker.closest("form");
    if (form?.matches("[data-guard]")) form.dataset.isChanged = "";
    preview();
  }

  page.addEventListener("input", (event) => {
    const picker = event.target.closest(".picker");
    if (!picker || !event.target.matches("[role=combobox]")) return;
    clearTimeout(timer);
    timer = setTimeout(() => search(picker), SEARCH_DELAY);
  });
  page.addEventListener("click", (event) => {
    const picker = event.target.closest(".picker");
    const option = event.target.closest(".picker-hits [data-code]");
    const remove = event.target.closest(".chip [data-remove]");
    if (option) choose(picker, option.dataset.code, option.dataset.name);
    else if (remove) {
      removeChip(picker, remove.closest(".chip"));
      inputOf(picker).focus();
      changed(picker);
    } else if (event.target.matches("[role=combobox]") && hitsOf(picker).hidden) {
      event.target.select();
      search(picker);
    }
  });
  page.addEventListener("focusout", (event) => {
    const picker = event.target.closest(".picker");
    if (picker && !picker.contains(event.relatedTarget)) setTimeout(() => {
      if (!picker.contains(document.activeElement)) close(picker);
    }, 150); // a click on a hit comes after the focus has left
  });
  page.addEventListener("keydown", (event) => {
    const picker = event.target.closest(".picker");
    if (!picker || !event.target.matches("input[type=text]") || event.isComposing) return;
    const hits = hitsOf(picker);
    const isOpen = hits && !hits.hidden;
    if (event.key === "Enter") {
      event.preventDefault();
      const option = isOpen ? marked(picker) : null;
      if (option?.dataset.code !== undefined && option.matches("[data-code]")) choose(picker, option.dataset.code, option.dataset.name);
      else if (!hits && event.target.value.trim()) choose(picker, event.target.value.trim(), event.target.value.trim());
    } else if (event.key === "Escape" && isOpen) {
      event.preventDefault();
      event.stopPropagation();
      close(picker);
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && hits) {
      event.preventDefault();
      if (!isOpen) return search(picker);
      const options = [...hits.querySelectorAll("[data-code]")];
      const next = options.indexOf(marked(picker)) + (event.key === "ArrowDown" ? 1 : -1);
      if (options.length) mark(picker, options[(next + options.length) % options.length]);
    } else if (event.key === "Backspace" && !event.target.value) {
      const last = find("[data-chips] .chip:last-child", picker);
      if (last) { removeChip(picker, last); changed(picker); }
    }
  });
}

function addChip(page, picker, code, name) {
  const value = find("[data-value]", picker), chips = find("[data-chips]", picker);
  const codes = picker.matches("[data-one-chip]") ? [] : value.value.split("\n").map((each) => each.trim()).filter(Boolean);
  if (codes.includes(code)) return;
  value.value = [...codes, code].join("\n");
  if (picker.matches("[data-one-chip]")) chips.replaceChildren();
  const chip = document.createElement("li"), words = document.createElement("span"), button = document.createElement("button");
  chip.className = "chip";
  chip.dataset.code = code;
  words.textContent = name;
  button.type = "button";
  button.dataset.remove = "";
  button.textContent = "×";
  button.setAttribute("aria-label", page.dataset.textRemove.replace("%s", name));
  chip.append(words, button);
  chips.append(chip);
}

function removeChip(picker, chip) {
  const value = find("[data-value]", picker);
  value.value = value.value.split("\n").map((each) => each.trim()).filter((each) => each && each !== chip.dataset.code).join("\n");
  chip.remove();
}

// ---- the basket ----
function addLine(page, sku, name) {
  const lines = find("[data-try-lines]", page);
  const known = [...lines.querySelectorAll("input")].find((each) => each.name === `try.quantity.${sku}`);
  if (known) {
    known.value = Number(known.value || 0) + 1;
    return;
  }
  const line = find("[data-try-line]", page).content.firstElementChild.cloneNode(true);
  const input = find("input", line), button = find("button", line);
  find("span", line).textContent = name;
  input.name = `try.quantity.${sku}`;
  input.setAttribute("aria-label", input.dataset.label.replace("%s", name));
  button.setAttribute("aria-label", button.dataset.label.replace("%s", name));
  lines.append(line);
}
