/*
Charts of the console. A page gives data, never ECharts options:

  {{ spec|json_script:"hourly" }}
  <figure class="chart" data-chart="#hourly">
    <figcaption>Net sales by hour</figcaption>
  </figure>

spec = {
  "type":       "line" | "bar" | "hbar" | "pie" | "heatmap",
  "label":      "Net sales by hour, today and yesterday",        what a screen reader says; also the table's caption
  "categories": ["0", "1", …],                                   x axis (hbar: y axis, first on top; pie: the slices)
  "rows":       ["Mon", …],                                      heatmap only: y axis
  "series": [
    {"name": "Today",     "values": [123456, null, …], "style": "main"},
    {"name": "Yesterday", "values": [120000, 99000, …], "style": "ghost"}     ghost: grey, behind, for comparison
  ],                                                             heatmap: one series, values[row][category]
  "format":     "money" | "count" | "percent",                   money: minor units; percent: basis points
  "currency":   {"symbol": "¥", "exponent": 2},                  money only: numbers.currency_symbol(), money.exponent()
  "unit":       "¥",                                             optional, at the top of the value axis
  "urls":       ["/orders/?hour=0", …],                          optional: where a click on a category leads
  "height":     "low" | "normal" | "high",                       optional
  "table":      "Show as table", "category": "Hour"              texts: the button of the table, the head of column one
}
Values are whole numbers; null leaves a gap. At most six series; bars begin at zero; colours tell apart for every kind
of colour vision and in grey. Each chart has its figures as a table one click away, made here from the same data; when
`urls` is given the table's first column links there, so that the keyboard reaches what the mouse does.
*/
import { BarChart, HeatmapChart, LineChart, PieChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent, VisualMapComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import { optionsOf, valueText } from "./chart_options.js";

use([BarChart, HeatmapChart, LineChart, PieChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent,
  VisualMapComponent, CanvasRenderer]);

const drawn = new Map();

export function drawCharts(root) {
  for (const figure of root.querySelectorAll("[data-chart]")) if (!drawn.has(figure)) draw(figure);
  for (const figure of drawn.keys()) if (!figure.isConnected) { drawn.get(figure).chart.dispose(); drawn.delete(figure); }
}

function draw(figure) {
  const source = document.querySelector(figure.dataset.chart);
  if (!source) return;
  const spec = JSON.parse(source.textContent);
  const canvas = document.createElement("div");
  canvas.className = `chart-canvas chart-${spec.height ?? "normal"}`;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", spec.label);
  figure.append(canvas, tableOf(spec));
  const chart = init(canvas, null, { renderer: "canvas" });
  chart.setOption(optionsOf(spec, palette(), canvas));
  canvas.setAttribute("aria-label", spec.label); // ECharts writes a longer one of its own, in English
  if (spec.urls) chart.on("click", (event) => { if (spec.urls[event.dataIndex]) location.assign(spec.urls[event.dataIndex]); });
  new ResizeObserver(() => {
    chart.resize();
    if (spec.type === "pie") chart.setOption(optionsOf(spec, palette(), canvas)); // its ring and legend share the width
  }).observe(canvas);
  drawn.set(figure, { chart, spec });
}

addEventListener("themechange", () => {
  for (const { chart, spec } of drawn.values()) chart.setOption(optionsOf(spec, palette(), chart.getDom()), true);
});
addEventListener("beforeprint", () => { for (const { chart } of drawn.values()) chart.resize(); });

function palette() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  return {
    series: [1, 2, 3, 4, 5, 6].map((n) => colour(`--chart-${n}`)),
    ghosts: [colour("--chart-ghost-1"), colour("--chart-ghost-2")],
    text: colour("--ink-2"), strong: colour("--ink"), line: colour("--line"), surface: colour("--surface"),
    heat: [colour("--chart-heat-0"), colour("--chart-heat-1"), colour("--chart-heat-2")],
    font: getComputedStyle(document.body).fontFamily,
    still: matchMedia("(prefers-reduced-motion: reduce)").matches,
  };
}

// ---- the same figures as a table ----
function tableOf(spec) {
  const details = element("details", "chart-table");
  details.append(element("summary", "", spec.table ?? "⊞"));
  const frame = element("div", "table-frame");
  frame.tabIndex = 0;
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", spec.label);
  const table = element("table", "table");
  const columns = spec.type === "heatmap" ? spec.categories : spec.series.map((series) => series.name);
  const head = element("tr");
  head.append(heading(spec.category ?? "", "col"), ...columns.map((name) => heading(name, "col", "num")));
  table.append(element("thead"), element("tbody"));
  table.tHead.append(head);
  const rows = spec.type === "heatmap" ? spec.rows : spec.categories;
  rows.forEach((name, index) => {
    const row = element("tr");
    const values = spec.type === "heatmap" ? spec.series[0].values[index] : spec.series.map((series) => series.values[index]);
    row.append(heading(name, "row", "", spec.urls?.[index]), ...values.map((value) => element("td", "num", valueText(value, spec))));
    table.tBodies[0].append(row);
  });
  frame.append(table);
  details.append(frame);
  return details;
}

function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}

function heading(text, scope, className = "", url = "") {
  const cell = element("th", className, url ? "" : text);
  cell.scope = scope;
  if (url) { const link = element("a", "", text); link.href = url; cell.append(link); }
  return cell;
}
