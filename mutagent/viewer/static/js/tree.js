// The tree of spans: select by click or keys, fold, hide kinds. Works on the server's pages and in an exported file.
(() => {
  const rows = () => [...document.querySelectorAll(".rows a.row")];
  const shown = () => rows().filter((row) => !row.hidden);
  const depth = (row) => Number(row.dataset.depth);
  const chosen = () => document.querySelector('.rows a.row[aria-selected="true"]');
  const folded = new Set();
  const away = new Set();
  let asked = 0;

  const layOut = () => {
    let below = Infinity;
    rows().forEach((row) => {
      const within = depth(row) > below;
      if (!within) below = Infinity;
      const isFolded = folded.has(row.dataset.span);
      if (row.hasAttribute("aria-expanded")) row.setAttribute("aria-expanded", String(!isFolded));
      row.hidden = within || away.has(row.dataset.kind);
      if (!within && isFolded) below = depth(row);
    });
    document.querySelectorAll(".kind").forEach((button) => button.setAttribute("aria-pressed", String(!away.has(button.dataset.kind))));
    const all = document.querySelector("[data-fold]");
    if (all) all.textContent = folded.size ? "Unfold all" : "Fold all";
  };

  const open = async (row, address) => {
    const panel = document.getElementById("panel");
    const ready = [...panel.querySelectorAll("[data-panel]")];
    if (ready.length) {
      ready.forEach((each) => { each.hidden = each.dataset.panel !== row.dataset.span; });
      panel.scrollTop = 0;
      return;
    }
    // The last one asked for is shown, whichever answer comes last.
    const mine = ++asked;
    await new Promise((done) => { setTimeout(done, 40); });
    if (mine !== asked) return;
    await htmx.ajax("GET", `${address}&part=panel`, { source: panel, target: panel, swap: "innerHTML" });
    panel.scrollTop = 0;
  };

  const select = (row, focus = true) => {
    if (!row) return;
    const before = chosen();
    if (before && before !== row) { before.setAttribute("aria-selected", "false"); before.tabIndex = -1; }
    row.setAttribute("aria-selected", "true");
    row.tabIndex = 0;
    if (focus) row.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
    if (before === row) return;
    const address = row.getAttribute("href");
    if (location.protocol !== "file:") history.replaceState(history.state, "", address);
    const live = document.getElementById("trace");
    if (live.hasAttribute("hx-get")) live.setAttribute("hx-get", address);
    open(row, address);
  };
  const reveal = (spanId) => {
    const row = rows().find((each) => each.dataset.span === spanId);
    if (!row) return null;
    away.delete(row.dataset.kind);
    if (row.hidden) folded.clear();
    layOut();
    return row;
  };
  const fold = (row, on) => {
    if (!row.hasAttribute("aria-expanded")) return;
    folded[on ? "add" : "delete"](row.dataset.span);
    layOut();
  };
  const step = (by) => { const all = shown(); select(all[all.indexOf(chosen()) + by]); };
  const parent = (row) => rows().slice(0, rows().indexOf(row)).reverse().find((each) => depth(each) < depth(row));

  const keys = {
    ArrowDown: () => step(1), ArrowUp: () => step(-1), j: () => step(1), k: () => step(-1),
    Home: () => select(shown()[0]), End: () => select(shown().at(-1)),
    ArrowRight: () => { const row = chosen(); if (row.getAttribute("aria-expanded") === "false") fold(row, false); else if (row.hasAttribute("aria-expanded")) step(1); },
    ArrowLeft: () => { const row = chosen(); if (row.getAttribute("aria-expanded") === "true") fold(row, true); else select(parent(row)); },
    Enter: () => document.getElementById("panel").focus(),
    e: () => { const all = rows(); const from = all.indexOf(chosen()); const row = [...all.slice(from + 1), ...all.slice(0, from + 1)].find((each) => each.classList.contains("error")); if (row) select(reveal(row.dataset.span)); },
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !chosen() || document.querySelector("dialog[open]")) return;
    if (event.target.closest("input, select, textarea")) return;
    const inTree = event.target.closest(".rows");
    // Elsewhere the arrows scroll and Enter does what it does; the letters always move.
    if (!inTree && (event.key.length > 1) && event.target !== document.body) return;
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });

  document.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    const row = event.target.closest(".rows a.row");
    const goto = event.target.closest("[data-goto]");
    const kind = event.target.closest("button.kind");
    const all = event.target.closest("[data-fold]");
    if (row) {
      event.preventDefault();
      if (event.target.closest(".caret") && row.hasAttribute("aria-expanded")) fold(row, !folded.has(row.dataset.span));
      else {
        select(row);
        // Below the tree, where there is no room beside it.
        if (matchMedia("(max-width: 1000px)").matches) document.getElementById("panel").scrollIntoView({ block: "start" });
      }
    } else if (goto) {
      event.preventDefault();
      select(reveal(goto.dataset.goto));
    } else if (kind) {
      away[away.has(kind.dataset.kind) ? "delete" : "add"](kind.dataset.kind);
      layOut();
    } else if (all) {
      if (folded.size) folded.clear();
      else rows().filter((each) => each.hasAttribute("aria-expanded")).forEach((each) => folded.add(each.dataset.span));
      layOut();
    }
  });

  // A refresh brings new rows: what was folded stays folded, and where the panel was read stays in view.
  let scrolled = 0;
  let focused = false;
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "trace") return;
    scrolled = document.getElementById("panel").scrollTop;
    focused = Boolean(document.activeElement?.closest(".rows"));
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const part = document.getElementById("trace");
    if (!part || event.detail.target.id === "panel") return;
    layOut();
    document.getElementById("panel").scrollTop = scrolled;
    if (focused) chosen()?.focus({ preventScroll: true });
  });
})();
