// Runs before the first paint: follows the device when the reader has not chosen light or dark.
(function () {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => {
    if (root.dataset.theme === "auto") root.dataset.bsTheme = dark.matches ? "dark" : "light";
  };
  follow();
  dark.addEventListener("change", () => {
    follow();
    dispatchEvent(new Event("themechange"));
  });
})();
