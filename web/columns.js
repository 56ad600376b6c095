// Which columns of a table are shown: boxes made from its head, the choice kept in a cookie that the server reads.
const hiddenIn = (table) => new Set((table.dataset.hidden ?? "").split(" ").filter(Boolean));

for (const choice of document.querySelectorAll("[data-column-choice]")) {
  const name = choice.dataset.columnChoice;
  const table = document.querySelector(`table[data-columns="${name}"]`);
  if (!table) continue;
  [...table.tHead.rows[0].cells].forEach((head, index) => {
    if (index === 0) return; // what a row is called always stays
    const label = document.createElement("label");
    const box = document.createElement("input");
    label.className = "drop-item";
    box.type = "checkbox";
    box.className = "form-check-input";
    box.value = String(index + 1);
    box.checked = !hiddenIn(table).has(box.value);
    label.append(box, head.textContent.replace(/[↕↑↓]/g, "").trim());
    choice.querySelector(".drop-panel").append(label);
  });
  choice.addEventListener("change", ({ target }) => {
    const hidden = hiddenIn(table);
    if (target.checked) hidden.delete(target.value);
    else hidden.add(target.value);
    table.dataset.hidden = [...hidden].join(" ");
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `liushui_columns_${name}=${[...hidden].join(".")}; path=/; max-age=31536000; samesite=lax${secure}`;
  });
}
