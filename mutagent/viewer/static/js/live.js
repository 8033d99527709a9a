// What is live: one event stream a page, only while the page can be seen (a browser opens six connections to a host).
(() => {
  let source = null;
  let missed = false;

  const refresh = (kind) => {
    document.querySelectorAll(`[data-live="${kind}"][hx-trigger]`).forEach((part) => {
      // Not while something in it is being read with the keyboard's selection, or chosen from.
      if (part.querySelector("select:focus") || !getSelection().isCollapsed) return;
      htmx.trigger(part, "live");
    });
  };

  const open = () => {
    const trace = document.querySelector("[data-live-id]");
    // What changed since the page was asked for is not in it.
    const age = Math.ceil(performance.now());
    source = new EventSource(`/events?trace=${encodeURIComponent(trace ? trace.dataset.liveId : "")}&age=${age}`);
    source.addEventListener("traces", () => refresh(trace && !trace.dataset.liveId ? "trace" : "traces"));
    source.addEventListener("trace", () => refresh("trace"));
    source.addEventListener("open", () => { if (missed) { refresh("traces"); refresh("trace"); } missed = false; });
    source.addEventListener("error", () => { missed = true; });
  };

  const follow = () => {
    if (!document.querySelector("[data-live]")) return;
    if (document.hidden) {
      source?.close();
      source = null;
      missed = true;
    } else if (!source) {
      open();
    }
  };

  document.addEventListener("visibilitychange", follow);
  addEventListener("pagehide", () => { source?.close(); source = null; missed = true; });
  addEventListener("pageshow", follow);
})();
