// Counting a drawer: pieces of each note and coin, the running sum, keys for fingers; reasons one touch away.
const number = (text) => (/^\d{1,5}$/.test(text) ? Number(text) : 0);

// The form says how nothing is written ("¥0.00"): the sign and the decimal places of the currency.
function money(minor, zero) {
  const [, symbol, fraction = ""] = /^(.*?)0(?:\.(0+))?$/.exec(zero) ?? [, ""];
  const places = fraction.length;
  const digits = String(minor).padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places).replace(/\B(?=(\d{3})+$)/g, ",");
  return symbol + whole + (places ? "." + digits.slice(-places) : "");
}

function recount(form) {
  let sum = 0;
  for (const row of form.querySelectorAll("[data-value]")) {
    const worth = Number(row.dataset.value) * number(row.querySelector("[data-pieces]").value.trim());
    row.querySelector("[data-amount]").textContent = money(worth, form.dataset.zero);
    row.toggleAttribute("data-filled", worth > 0);
    sum += worth;
  }
  for (const output of form.querySelectorAll("[data-sum]")) output.textContent = money(sum, form.dataset.zero);
  return sum;
}

// Opening a shift: what is counted by pieces is the float, unless somebody writes another one.
function fillFloat(form, sum) {
  const field = form.querySelector("[data-count-into]");
  if (field) field.value = money(sum, form.dataset.zero.replace(/^[^0]*/, "")).replaceAll(",", "");
}

const fieldsOf = (form) => [...form.querySelectorAll("[data-pieces]")];
let last = null;

document.addEventListener("focusin", (event) => {
  if (!event.target.matches("[data-pieces]")) return;
  last = event.target;
  event.target.select();
});

document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-count]");
  if (!form || !event.target.matches("[data-pieces]")) return;
  fillFloat(form, recount(form));
});

// Enter, and the arrows, go from field to field; after the last one to the button that goes on.
document.addEventListener("keydown", (event) => {
  if (!event.target.matches?.("[data-pieces]") || event.isComposing) return;
  const step = { Enter: 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  go(event.target, step);
});

function go(field, step) {
  const form = field.closest("form");
  const fields = fieldsOf(form);
  const next = fields[fields.indexOf(field) + step] ?? (step > 0 ? form.querySelector("button[data-key=F12]") : null);
  next?.focus();
}

function change(field, value) {
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

document.addEventListener("click", (event) => {
  const step = event.target.closest("[data-step]");
  if (step) {
    const field = step.closest("[data-value]").querySelector("[data-pieces]");
    const pieces = Math.max(0, number(field.value.trim()) + Number(step.dataset.step));
    change(field, pieces ? String(pieces) : "");
    last = field;
  }
  const key = event.target.closest("[data-press]");
  if (key) press(key);
  const fill = event.target.closest("[data-fill]");
  if (fill) {
    const field = document.querySelector(fill.dataset.fill);
    change(field, fill.textContent.trim());
    field.focus();
  }
});

function press(key) {
  const form = key.closest("form");
  const field = last && form.contains(last) ? last : fieldsOf(form)[0];
  const what = key.dataset.press;
  if (what === "next") return go(field, 1);
  const isWhole = field.selectionEnd - field.selectionStart === field.value.length && document.activeElement === field;
  const before = what !== "back" && isWhole ? "" : field.value;
  change(field, what === "back" ? before.slice(0, -1) : (before + what).slice(0, field.maxLength));
  last = field;
}

// A button of the keys must not take the focus away from the field that it types into.
document.addEventListener("pointerdown", (event) => {
  if (event.target.closest("[data-press]")) event.preventDefault();
});

// A scanner ends with Enter: in the badge field that sends the form, in the user name it goes to the PIN.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches?.("#approver, #next_user") || event.isComposing) return;
  event.preventDefault();
  document.getElementById(event.target.id === "approver" ? "approver_pin" : "next_pin")?.focus();
});

document.addEventListener("change", (event) => {
  const ways = event.target.closest("[data-approver]");
  if (ways && event.target.name === "way") ways.querySelector(".approver-here").toggleAttribute("data-off", event.target.value === "inbox");
});

// Cash paid out asks for a second person from a limit on; how much is typed is read as the server reads it.
function showApprover(form) {
  const part = form?.querySelector("[data-over]");
  if (!part) return;
  const places = form.dataset.zero.split(".")[1]?.length ?? 0;
  const [, whole, fraction = ""] = /^[^\d]*(\d*)(?:\.(\d*))?$/.exec(form.querySelector("#amount").value.replaceAll(",", "").trim()) ?? [, ""];
  part.hidden = Number(whole + fraction.slice(0, places).padEnd(places, "0")) <= Number(part.dataset.over);
}

document.addEventListener("input", (event) => {
  if (event.target.id === "amount") showApprover(event.target.form);
});

// A form is sent once: a second press while the answer is on its way moves no cash again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("form[data-count]") || event.defaultPrevented) return;
  if (form.dataset.isSent) return event.preventDefault();
  form.dataset.isSent = "true";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-is-sent]")) delete form.dataset.isSent;
});

for (const form of document.querySelectorAll("form[data-count]")) {
  if (form.dataset.zero) recount(form);
  showApprover(form);
  form.querySelector("[aria-invalid=true]")?.focus();
  const first = form.querySelector("[data-keypad]") && fieldsOf(form)[0];
  if (first && !form.querySelector("[aria-invalid=true]")) first.focus();
}
for (const chosen of document.querySelectorAll("[data-approver] [name=way][value=inbox]:checked"))
  chosen.closest("[data-approver]").querySelector(".approver-here").toggleAttribute("data-off", true);
