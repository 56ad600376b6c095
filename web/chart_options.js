// From our small chart spec (see charts.js) to ECharts options.
const chinese = () => document.documentElement.lang.startsWith("zh");

// Whole minor units to text, without a float: the digits are cut, not divided.
export function valueText(value, spec) {
  if (value === null || value === undefined) return "–";
  if (spec.format === "percent") return `${(value / 100).toFixed(1)}%`;
  const places = spec.format === "money" ? spec.currency.exponent : 0;
  const digits = String(Math.abs(value)).padStart(places + 1, "0");
  const whole = digits.slice(0, digits.length - places).replace(/\B(?=(\d{3})+$)/g, ",");
  const symbol = spec.format === "money" ? spec.currency.symbol : "";
  return `${value < 0 ? "-" : ""}${symbol}${whole}${places ? "." + digits.slice(-places) : ""}`;
}

// For axes, where a rounded figure is enough: 1.2 万, 12k.
export function compactText(value, spec) {
  if (spec.format === "percent") return `${value / 100}%`;
  const number = spec.format === "money" ? value / 10 ** spec.currency.exponent : value;
  const steps = chinese() ? [[1e8, " 亿"], [1e4, " 万"]] : [[1e9, "B"], [1e6, "M"], [1e3, "k"]];
  const [scale, unit] = steps.find(([least]) => Math.abs(number) >= least) ?? [1, ""];
  const shown = scale === 1 && Math.abs(number) >= 100 ? Math.round(number) : Number((number / scale).toFixed(1));
  return `${shown.toLocaleString("en")}${unit}`;
}

const labelText = (value, spec) => (spec.format === "money" ? spec.currency.symbol : "") + compactText(value, spec);

export function optionsOf(spec, colours, { clientWidth, clientHeight }) {
  const build = { line: axes, bar: axes, hbar: axes, pie, heatmap }[spec.type];
  if (!build) throw new Error(`chart type ${spec.type} is not known`);
  return {
    animation: !colours.still,
    animationDuration: 250,
    aria: { enabled: false },
    textStyle: { fontFamily: colours.font, color: colours.text },
    ...build(spec, colours, Math.min(clientWidth * 0.22, clientHeight * 0.4)),
  };
}

const dashes = ["solid", "solid", "dashed", "dotted", "dashed", "dotted"]; // told apart in grey print too

function axes(spec, colours) {
  const flat = spec.type === "hbar";
  const named = spec.series.length > 1;
  const categories = {
    type: "category", data: spec.categories, inverse: flat, boundaryGap: spec.type !== "line",
    axisTick: { show: false }, axisLine: { lineStyle: { color: colours.line } },
    axisLabel: { color: colours.text, hideOverlap: true, ...(flat ? { width: 128, overflow: "truncate" } : {}) },
  };
  const values = {
    type: "value", min: spec.type === "line" && spec.format === "percent" ? undefined : (range) => Math.min(0, range.min),
    name: spec.unit ?? "", nameTextStyle: { color: colours.text, align: "right" }, splitNumber: 4, minInterval: 1,
    axisLabel: { color: colours.text, formatter: (value) => compactText(value, spec) },
    splitLine: { lineStyle: { color: colours.line } },
  };
  return {
    grid: { left: 4, right: flat ? 72 : 12, top: named ? 36 : spec.unit ? 28 : 12, bottom: 4, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    legend: { show: named, top: 0, right: 0, icon: "roundRect", itemWidth: 14, itemHeight: 3, textStyle: { color: colours.text } },
    tooltip: { ...tooltipOf(colours), trigger: "axis", axisPointer: { type: spec.type === "line" ? "line" : "shadow", lineStyle: { color: colours.line } }, formatter: (points) => tip(spec, points) },
    xAxis: flat ? { ...values, axisLabel: { show: false }, splitLine: { show: false } } : categories,
    yAxis: flat ? categories : values,
    series: seriesOf(spec, colours),
  };
}

function seriesOf(spec, colours) {
  let mains = 0, ghosts = 0;
  const made = spec.series.map((series) => {
    const ghost = series.style === "ghost";
    const index = ghost ? ghosts++ : mains++;
    const color = ghost ? colours.ghosts[index % colours.ghosts.length] : colours.series[index % colours.series.length];
    const line = { type: ghost ? (index ? "dotted" : "dashed") : dashes[index], width: ghost ? 1.5 : 2.5, color };
    const common = { name: series.name, data: series.values, z: ghost ? 1 : 3, color, itemStyle: { color }, cursor: spec.urls ? "pointer" : "default" };
    if (spec.type === "line")
      return { ...common, type: "line", showSymbol: false, symbolSize: 7, lineStyle: line, connectNulls: false, triggerLineEvent: true,
        areaStyle: !ghost && index === 0 ? { color, opacity: 0.08 } : undefined };
    return { ...common, type: "bar", barMaxWidth: spec.type === "hbar" ? 18 : 36, barGap: "15%",
      itemStyle: { color, borderRadius: spec.type === "hbar" ? [0, 3, 3, 0] : [3, 3, 0, 0] },
      label: spec.type === "hbar" && !ghost
        ? { show: true, position: "right", color: colours.strong, formatter: ({ value }) => (value === null ? "" : labelText(value, spec)) } : undefined };
  });
  return made;
}

function pie(spec, colours, outer) {
  const values = spec.series[0].values;
  const total = values.reduce((sum, value) => sum + (value ?? 0), 0);
  const share = (value) => (total ? `${((value * 100) / total).toFixed(1)}%` : "–");
  const shareOf = (name) => share(values[spec.categories.indexOf(name)]);
  return {
    legend: { orient: "vertical", left: "51%", top: "middle", icon: "circle", itemWidth: 9, itemGap: 12, selectedMode: false,
      textStyle: { color: colours.strong, rich: { share: { color: colours.text, padding: [0, 0, 0, 6] } } },
      formatter: (name) => `${name}{share|${shareOf(name)}}` },
    tooltip: { ...tooltipOf(colours), trigger: "item", formatter: (point) => tip(spec, [point], share(point.value)) },
    series: [{
      type: "pie", radius: [outer * 0.66, outer], center: ["24%", "50%"], cursor: spec.urls ? "pointer" : "default", minAngle: 3,
      itemStyle: { borderColor: colours.surface, borderWidth: 2 },
      label: { show: false },
      data: spec.categories.map((name, index) => ({ name, value: values[index], itemStyle: { color: colours.series[index % 6] } })),
    }],
  };
}

function heatmap(spec, colours) {
  const cells = spec.series[0].values.flatMap((row, y) => row.map((value, x) => [x, y, value ?? "-"]));
  const known = cells.map(([, , value]) => value).filter((value) => value !== "-");
  const axis = (data, more = {}) => ({ type: "category", data, axisTick: { show: false }, axisLine: { show: false }, axisLabel: { color: colours.text }, ...more });
  return {
    grid: { left: 4, right: 8, top: 4, bottom: 52, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    tooltip: { ...tooltipOf(colours), trigger: "item", formatter: (point) => tip(spec, [{ ...point, name: `${spec.rows[point.value[1]]} ${spec.categories[point.value[0]]}`, value: point.value[2], marker: "" }]) },
    xAxis: axis(spec.categories),
    yAxis: axis(spec.rows, { inverse: true }),
    visualMap: { min: 0, max: Math.max(1, ...known), calculable: false, orient: "horizontal", left: "center", bottom: 0, itemHeight: 120, itemWidth: 10,
      inRange: { color: colours.heat }, textStyle: { color: colours.text }, text: [compactText(Math.max(0, ...known), spec), "0"], formatter: (value) => compactText(value, spec) },
    series: [{ type: "heatmap", data: cells, itemStyle: { borderColor: colours.surface, borderWidth: 2, borderRadius: 3 } }],
  };
}

function tooltipOf(colours) {
  return { backgroundColor: colours.surface, borderColor: colours.line, textStyle: { color: colours.strong, fontSize: 13 }, confine: true, transitionDuration: 0 };
}

// Elements, not HTML: the Content-Security-Policy refuses the style attributes of ECharts' own tooltips.
function tip(spec, points, more = "") {
  const box = document.createElement("div");
  box.className = "chart-tip";
  const head = document.createElement("strong");
  head.textContent = spec.type === "pie" || spec.type === "heatmap" ? points[0].name : points[0].axisValueLabel ?? points[0].name;
  box.append(head);
  for (const point of points) {
    const row = document.createElement("span");
    const name = document.createElement("span");
    const value = document.createElement("b");
    name.textContent = spec.type === "pie" || spec.type === "heatmap" ? more : point.seriesName;
    value.textContent = valueText(point.value === "-" ? null : point.value, spec);
    row.append(name, value);
    box.append(row);
  }
  return box;
}
