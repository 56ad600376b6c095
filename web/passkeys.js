// Forms answered by a passkey: data-passkey="get" or "create", data-question="#id" of the question as JSON. The answer
// goes into the form's field `credential`; what went wrong is said in [data-passkey-problem] by the texts of the form.
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

function question(form) {
  const asked = JSON.parse(document.querySelector(form.dataset.question).textContent).publicKey;
  const ids = (list) => list?.map((one) => ({ ...one, id: bytes(one.id) }));
  asked.challenge = bytes(asked.challenge);
  if (asked.user) asked.user = { ...asked.user, id: bytes(asked.user.id) };
  if (asked.allowCredentials) asked.allowCredentials = ids(asked.allowCredentials);
  if (asked.excludeCredentials) asked.excludeCredentials = ids(asked.excludeCredentials);
  return { publicKey: asked };
}

function answer(credential) {
  const { response } = credential;
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  const given = Object.fromEntries(parts.filter((name) => response[name]).map((name) => [name, text(response[name])]));
  return { id: credential.id, rawId: text(credential.rawId), type: credential.type, response: given, clientExtensionResults: {} };
}

async function ask(form) {
  if (!window.PublicKeyCredential) return complain(form, form.dataset.textUnsupported);
  try {
    const credential = await navigator.credentials[form.dataset.passkey](question(form));
    form.elements.credential.value = JSON.stringify(answer(credential));
  } catch {
    return complain(form, form.dataset.textFailed);
  }
  form.submit();
}

function complain(form, words) {
  const place = form.querySelector("[data-passkey-problem]");
  place.textContent = words;
  place.hidden = false;
}

export function listenToPasskeys(root) {
  for (const form of root.querySelectorAll("form[data-passkey]"))
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      ask(form);
    });
}
