// Signing in at a till: people who were here before, keys for fingers, and a badge that signs in by itself.
const door = document.querySelector("form[data-door]");
const BADGE = /LSB[0-9A-Z]{20}$/i;

door?.addEventListener("click", (event) => {
  const person = event.target.closest("[data-person]");
  const key = event.target.closest("[data-pin]");
  const { username, pin } = door.elements;
  if (person) {
    username.value = person.dataset.person;
    for (const other of door.querySelectorAll("[data-person]")) other.setAttribute("aria-pressed", String(other === person));
    pin.value = "";
    pin.focus();
  } else if (key) {
    pin.value = key.dataset.pin === "back" ? pin.value.slice(0, -1) : (pin.value + key.dataset.pin).slice(0, 8);
  }
});

// A scanner types the badge and Enter wherever the cursor is; a badge among the digits of a PIN is one too.
door?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("input")) return;
  const badge = BADGE.exec(event.target.value)?.[0];
  if (badge) {
    event.preventDefault();
    door.elements.pin.value = "";
    door.elements.username.value = badge.toUpperCase();
    door.requestSubmit();
  } else if (event.target === door.elements.username && event.target.value && !door.elements.pin.value) {
    event.preventDefault();
    door.elements.pin.focus();
  }
});
