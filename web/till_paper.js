// Receipts on paper: the width is chosen once a till; the sale screen prints only the receipt that it carries.
import { keep } from "./till_shell.js";

document.addEventListener("change", (event) => {
  const choice = event.target.closest("[data-paper-choice]");
  if (!choice) return;
  keep("liushui_paper", choice.value);
  for (const paper of document.querySelectorAll("[data-paper]")) paper.dataset.paper = choice.value;
});

// A receipt is an original once: who printed it gets the button for a copy, which the server counts.
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-print-original]");
  if (!button) return;
  print();
  button.hidden = true;
  const again = document.querySelector("[data-print-again]");
  if (again) again.hidden = false;
});

const now = document.querySelector("[data-print-now]");
if (now) print();
