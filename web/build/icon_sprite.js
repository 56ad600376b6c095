// Gathers the Tabler icons that templates and modules name into one sprite, icons.svg, so that no icon is committed.
// An icon is used by {% icon "name" %}, by icon="name" in a tag, or by an entry such as "home": "home" of _ICONS.
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const project = join(dirname(fileURLToPath(import.meta.url)), "../..");
const outline = join(project, "node_modules/@tabler/icons/icons/outline");
const mentions = [/\{%\s*icon\s+["']([a-z0-9-]+)["']/g, /\bicon=["']([a-z0-9-]+)["']/g];

export function iconSprite() {
  return {
    name: "icon-sprite",
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "icons.svg", source: sprite(iconNames()) });
    },
  };
}

function iconNames() {
  const names = new Set();
  for (const file of globSync("src/liushui/**/*.{html,py}", { cwd: project })) {
    const text = readFileSync(join(project, file), "utf8");
    for (const pattern of mentions) for (const [, name] of text.matchAll(pattern)) names.add(name);
    const table = text.match(/_ICONS[^=]*=\s*\{([^}]*)\}/);
    if (table) for (const [, name] of table[1].matchAll(/:\s*["']([a-z0-9-]+)["']/g)) names.add(name);
  }
  return [...names].sort();
}

function sprite(names) {
  const symbols = names.map((name) => {
    const svg = readFileSync(join(outline, `${name}.svg`), "utf8");
    const paths = svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1, svg.lastIndexOf("</svg>"));
    const drawn = paths.replace(/<path[^>]*stroke="none"[^>]*\/>/g, "").replace(/\s+/g, " ").trim();
    return `<symbol id="${name}" viewBox="0 0 24 24">${drawn}</symbol>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`;
}
