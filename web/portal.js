// The shopper's portal works without a script; this keeps the code for the till fresh while the page lies open.
import "./portal.css";

for (const picture of document.querySelectorAll("img[data-refresh]")) {
  const address = picture.getAttribute("src");
  let turn = 0;
  const renew = () => { if (!document.hidden) picture.src = `${address}?turn=${(turn += 1)}`; };
  setInterval(renew, Number(picture.dataset.refresh) * 1000);
  document.addEventListener("visibilitychange", renew);
}
