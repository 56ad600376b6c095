// Rows that open what they show, and boxes that choose rows for a batch action.
document.addEventListener("click", (event) => {
  const row = event.target.closest("tr[data-href]");
  if (!row || event.target.closest("a, button, input, label, select, summary") || getSelection().toString()) return;
  if (event.ctrlKey || event.metaKey) open(row.dataset.href, "_blank");
  else location.assign(row.dataset.href);
});

document.addEventListener("change", (event) => {
  const all = event.target.closest("[data-choose-all]");
  const table = event.target.closest("table");
  if (!table || !event.target.matches("[data-choose-all], [data-choose]")) return;
  const boxes = [...table.querySelectorAll("[data-choose]")];
  if (all) for (const box of boxes) box.checked = all.checked;
  const chosen = boxes.filter((box) => box.checked).length;
  const head = table.querySelector("[data-choose-all]");
  if (head) {
    head.checked = chosen === boxes.length;
    head.indeterminate = chosen > 0 && chosen < boxes.length;
  }
  for (const shown of document.querySelectorAll("[data-chosen-count]")) shown.textContent = chosen;
  for (const button of document.querySelectorAll("[data-needs-chosen]")) button.disabled = chosen === 0;
});
