// The list: j and k move, Enter opens, c marks two to compare, / searches. And what every page answers to.
(() => {
  const rows = () => [...document.querySelectorAll("table.traces tr[data-trace]")];
  const linkOf = (row) => row.querySelector(".name a");
  let at = null;
  let marked = null;

  const show = () => {
    rows().forEach((row) => {
      row.classList.toggle("at", row.dataset.trace === at);
      row.classList.toggle("marked", row.dataset.trace === marked);
    });
  };
  const move = (by) => {
    const all = rows();
    if (!all.length) return;
    const found = all.findIndex((row) => row.dataset.trace === at);
    const row = all[found < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, found + by))];
    at = row.dataset.trace;
    show();
    linkOf(row).focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  };
  const mark = () => {
    if (!at) return;
    if (marked && marked !== at) {
      location.href = `/compare?a=${encodeURIComponent(marked)}&b=${encodeURIComponent(at)}`;
      return;
    }
    marked = marked === at ? null : at;
    show();
  };

  const keys = {
    j: () => move(1), k: () => move(-1), c: mark,
    Enter: () => { const row = rows().find((each) => each.dataset.trace === at); if (row) linkOf(row).click(); },
  };
  const everywhere = {
    "/": () => { const field = document.getElementById("q"); if (field) { field.focus(); field.select(); } else { location.href = "/"; } },
    "?": () => document.getElementById("help")?.showModal(),
    u: () => { location.href = "/"; },
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.id === "q" && event.key === "Escape") event.target.blur();
    if (event.target.closest("input, select, textarea")) return;
    if (event.key === "Enter" && event.target.closest("a, button, summary")) return;
    const action = (rows().length && keys[event.key]) || everywhere[event.key];
    if (!action) return;
    event.preventDefault();
    action();
  });
  document.addEventListener("focusin", (event) => {
    const row = event.target.closest?.("tr[data-trace]");
    if (row && row.dataset.trace !== at) { at = row.dataset.trace; show(); }
  });
  document.addEventListener("click", (event) => {
    const menu = document.querySelector("details.drop[open]");
    if (menu && !menu.contains(event.target)) menu.open = false;
    if (event.target.closest("#help-button")) document.getElementById("help").showModal();
    const row = event.target.closest("tr[data-trace]");
    if (!row || event.target.closest("a, button") || !getSelection().isCollapsed) return;
    linkOf(row).click();
  });

  // Addresses carry what was chosen, not what was left empty.
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt.id !== "filters") return;
    const chosen = event.detail.parameters;
    Object.keys(chosen).forEach((name) => { if (!chosen[name] || (name === "sort" && chosen[name] === "newest")) delete chosen[name]; });
  });
  document.getElementById("filters")?.addEventListener("submit", (event) => {
    if (!window.htmx) [...event.target.elements].forEach((field) => { field.disabled = !field.value; });
  });
  document.addEventListener("htmx:afterSwap", show);
})();
