// Enrolling a till (RFC 8628): ask for a code, show it, ask at the pace the server wants whether it was confirmed, and
// hand the token over once for the till's own secret.
const card = document.querySelector("[data-enrol]");
let run = 0; // a newer code makes the older one's questions stop

const show = (step) => {
  for (const section of card.querySelectorAll("[data-enrol-step]")) section.hidden = section.dataset.enrolStep !== step;
};
const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
const ask = (url, fields) =>
  fetch(url, { method: "POST", body: new URLSearchParams(fields), headers: { Accept: "application/json" }, credentials: "omit" });

async function start() {
  const mine = ++run;
  try {
    const answer = await ask(card.dataset.ask, { client_id: card.dataset.client, scope: card.dataset.scope });
    if (!answer.ok) return show("failed");
    const code = await answer.json();
    if (mine !== run) return;
    card.querySelector("[data-user-code]").textContent = code.user_code;
    card.querySelector("[data-picture]").src = `${card.dataset.qr}?user_code=${code.user_code}`;
    show("code");
    await poll(mine, code);
  } catch {
    if (mine === run) show("failed");
  }
}

async function poll(mine, code) {
  const ends = Date.now() + code.expires_in * 1000;
  const left = card.querySelector("[data-left]");
  const count = setInterval(() => {
    const seconds = Math.max(0, Math.round((ends - Date.now()) / 1000));
    left.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }, 250);
  try {
    const step = await answered(mine, code, ends);
    if (mine === run && step) show(step);
  } finally {
    clearInterval(count);
  }
}

async function answered(mine, code, ends) {
  let interval = code.interval ?? 5;
  while (Date.now() < ends) {
    await wait(interval);
    if (mine !== run) return null;
    const answer = await ask(card.dataset.poll, {
      grant_type: "urn:ietf:params:oauth:grant-type:device_code", client_id: card.dataset.client, device_code: code.device_code,
    }).catch(() => null);
    if (answer === null) { interval *= 2; continue; } // no connection: ask less often (RFC 8628, 3.5)
    const said = await answer.json();
    if (answer.ok) return exchange(said.access_token);
    if (said.error === "slow_down") interval += 5;
    else if (said.error === "access_denied") return "denied";
    else if (said.error !== "authorization_pending") return "expired";
  }
  return "expired";
}

function exchange(token) {
  show("done");
  const form = card.querySelector("[data-exchange]");
  form.elements.access_token.value = token;
  form.submit();
  return null;
}

card?.addEventListener("click", (event) => {
  if (event.target.closest("[data-enrol-start]")) start();
});
