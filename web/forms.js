// Filters that leave empty fields out of the address and apply as they change; forms that guard what is not saved.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-filters]"))
    for (const field of form.elements) if (field.name && !field.value) field.disabled = true;
  form.dataset.isSaved = "";
});

addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("[data-filters] :disabled")) field.disabled = false;
});

document.addEventListener("change", (event) => {
  const form = event.target.closest("form");
  if (form?.matches("[data-filters]") && event.target.matches("select, input[type=checkbox], input[type=radio], [data-apply]"))
    form.requestSubmit();
  if (form?.matches("[data-guard]")) form.dataset.isChanged = "";
  const only = event.target.closest("[data-file-name]");
  if (only) document.querySelector(only.dataset.fileName).textContent = only.files?.[0]?.name ?? "";
});

addEventListener("beforeunload", (event) => {
  if (document.querySelector("form[data-is-changed]:not([data-is-saved])")) event.preventDefault();
});

document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm ?? event.target.dataset.confirm;
  if (question && !confirm(question)) event.preventDefault();
}, true);
