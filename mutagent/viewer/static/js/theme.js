// Light or dark as chosen, before the first paint; else as the system says.
(() => {
  const root = document.documentElement;
  const stored = () => { try { return localStorage.getItem("mutagent-theme"); } catch { return null; } };
  if (stored()) root.dataset.theme = stored();
  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme-button");
    if (!button) return;
    button.addEventListener("click", () => {
      const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      try { localStorage.setItem("mutagent-theme", root.dataset.theme); } catch { /* a private window forgets it */ }
      document.dispatchEvent(new Event("theme"));
    });
  });
})();
