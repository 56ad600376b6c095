// One deed after another: each is sent when the answer to the one before is on the screen, on the version that stands there.
import htmx from "htmx.org";
import { lost } from "./till_line.js";
import { sound } from "./till_sound.js";

const waiting = [];
let isBusy = false;

export const ticket = () => document.getElementById("ticket");

// `deed` has url and values, and `verb` when it only asks; ticket, version and line are added as they stand then.
// A function is called when its turn comes and answers a deed, or nothing: what a key means depends on what is shown then.
export function enqueue(deed) {
  waiting.push(deed);
  mark();
  if (!isBusy) run();
}

export const isIdle = () => !isBusy && waiting.length === 0;

async function run() {
  isBusy = true;
  while (waiting.length) {
    const next = waiting.shift();
    const deed = typeof next === "function" ? next() : next;
    if (deed && !(await send(deed))) waiting.length = 0;
    mark();
  }
  isBusy = false;
  mark();
}

function mark() {
  document.body.toggleAttribute("data-busy", isBusy || waiting.length > 0);
}

async function send({ url, values = {}, verb = "POST" }) {
  const shown = ticket();
  const known = { ticket: shown.dataset.ticket, version: shown.dataset.version, line: shown.dataset.line, panel: shown.dataset.panel };
  let failed = false;
  const onFailure = () => { failed = true; };
  for (const name of FAILURES) document.body.addEventListener(name, onFailure);
  try {
    await htmx.ajax(verb, url, { source: document.body, target: "#ticket", swap: "outerHTML", values: { ...known, ...values } });
  } catch { failed = true; }
  for (const name of FAILURES) document.body.removeEventListener(name, onFailure);
  if (failed) {
    sound("bad");
    lost();
  }
  return !failed;
}

const FAILURES = ["htmx:responseError", "htmx:sendError", "htmx:timeout"];
