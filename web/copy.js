// Buttons that copy what an element holds: data-copy="#id", data-text-copied="Copied".
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const shown = document.querySelector(button.dataset.copy);
  await navigator.clipboard.writeText(shown.value ?? shown.textContent);
  const label = button.querySelector("span") ?? button;
  const before = label.textContent;
  label.textContent = button.dataset.textCopied;
  setTimeout(() => (label.textContent = before), 2000);
});
