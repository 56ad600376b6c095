// Whether the server answers: asked every fifteen seconds, every two while it does not, and at once when a request fails.
const ASK_MS = 15000;
const ASK_AGAIN_MS = 2000;
const state = document.getElementById("line-state");
let timer;

function show(isOnline) {
  if (!state) return;
  const cameBack = isOnline && state.dataset.state === "offline";
  state.dataset.state = isOnline ? "online" : "offline";
  const said = isOnline ? state.dataset.online : state.dataset.offline;
  const words = state.querySelector("[data-said]");
  if (words.textContent !== said) words.textContent = said;
  document.getElementById("offline").hidden = isOnline;
  if (cameBack) document.dispatchEvent(new Event("till:online"));
}

export async function ask() {
  clearTimeout(timer);
  let isOnline = false;
  try {
    isOnline = navigator.onLine && (await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(5000) })).ok;
  } catch { isOnline = false; }
  show(isOnline);
  timer = setTimeout(ask, isOnline ? ASK_MS : ASK_AGAIN_MS);
}

export function lost() {
  show(false);
  clearTimeout(timer);
  timer = setTimeout(ask, ASK_AGAIN_MS);
}

if (state) {
  addEventListener("offline", lost);
  addEventListener("online", ask);
  timer = setTimeout(ask, ASK_MS);
}
