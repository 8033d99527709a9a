// The plots of the overview, redrawn when traces come in, the theme changes or the window does.
(() => {
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const duration = (ms) => (ms === null ? "–" : ms < 1000 ? `${Math.round(ms)} ms` : ms < 60000 ? `${(ms / 1000).toFixed(ms < 10000 ? 1 : 0)} s` : `${(ms / 60000).toFixed(1)} min`);
  const count = (value) => (value === null ? "–" : value >= 1e6 ? `${+(value / 1e6).toFixed(1)}M` : value >= 1e3 ? `${+(value / 1e3).toFixed(1)}k` : String(Math.round(value)));
  const dollars = (value) => (value === null ? "–" : value === 0 ? "$0" : `$${value < 0.1 ? value.toPrecision(2) : value.toFixed(2)}`);
  // The day where the plot has more than two of them, else the time of day.
  const moment = (times) => (at) => {
    const days = (times.at(-1) - times[0]) / 86400 > 2;
    return new Date(at * 1000).toLocaleString([], days ? { month: "short", day: "numeric", hour: "2-digit", hourCycle: "h23" } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  };
  // label, column, colour, drawn as
  const plots = {
    requests: { format: count, series: [["ok", "requests", "model", "bars"], ["failed", "errors", "bad", "bars"]] },
    latency: { format: duration, series: [["median", "p50", "search", "line"], ["95th", "p95", "tool", "line"], ["99th", "p99", "guard", "line"]] },
    tokens: { format: count, series: [["in", "input", "agent", "area"], ["out", "output", "model", "area"]] },
    cost: { format: dollars, series: [["cost", "cost", "search", "bars"]] },
  };
  let data = null;
  let drawn = [];

  const serie = ([label, , tone, form], format) => ({
    label, stroke: color(tone), width: form === "bars" ? 0 : 1.5, spanGaps: true, value: (_, value) => format(value),
    points: { show: form === "line", size: 4, fill: color(tone) },
    ...(form === "bars" ? { fill: color(tone), paths: uPlot.paths.bars({ size: [0.75, 30], radius: 0.15 }) } : {}),
    ...(form === "area" ? { fill: `color-mix(in srgb, ${color(tone)} 18%, transparent)` } : {}),
  });
  const axis = (more) => ({ stroke: color("muted"), font: "11px system-ui", grid: { stroke: color("line"), width: 1 }, ticks: { show: false }, ...more });

  const draw = () => {
    drawn.forEach((plot) => plot.destroy());
    drawn = [];
    document.querySelectorAll("[data-plot]").forEach((place) => {
      const { format, series } = plots[place.dataset.plot];
      const columns = series.map(([, column]) => data[column]);
      const any = columns.some((column) => column.some((value) => value));
      place.classList.toggle("none", !any);
      place.textContent = any ? "" : "nothing in this time";
      if (!any) return;
      drawn.push(new uPlot({
        width: place.clientWidth, height: place.clientHeight - 26, cursor: { y: false, points: { size: 6 } },
        legend: { live: true }, scales: { y: { range: (_, least, most) => [0, (most || 1) * 1.12] } },
        axes: [axis({ space: 70, size: 30, values: (_, ticks) => ticks.map(moment(data.time)) }), axis({ size: 58, space: 34, values: (_, ticks) => ticks.map(format) })],
        series: [{ label: "at", value: (_, at) => (at === null ? "" : moment(data.time)(at)) }, ...series.map((each) => serie(each, format))],
      }, [data.time, ...columns], place));
    });
  };
  const load = async () => {
    const range = document.getElementById("plots").dataset.range;
    const answer = await fetch(`/overview.json?range=${encodeURIComponent(range)}`);
    if (!answer.ok) return;
    data = await answer.json();
    draw();
  };

  document.addEventListener("DOMContentLoaded", load);
  document.addEventListener("theme", () => data && draw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => data && draw());
  document.addEventListener("htmx:afterSwap", load);
  let resized = 0;
  addEventListener("resize", () => { clearTimeout(resized); resized = setTimeout(() => data && draw(), 120); });
})();
