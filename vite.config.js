// Builds web/ into src/liushui/console/dist: hashed files with a manifest that django-vite reads, and the icon sprite.
import { defineConfig } from "vite";
import { iconSprite } from "./web/build/icon_sprite.js";

export default defineConfig({
  root: "web",
  base: "./",
  plugins: [iconSprite()],
  build: {
    outDir: "../src/liushui/console/dist",
    emptyOutDir: true,
    manifest: true,
    assetsInlineLimit: 0, // a data: script or font would be refused by the Content-Security-Policy
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700, // ECharts, loaded only where a chart is
    rolldownOptions: { input: { main: "web/main.js", till: "web/till.js", portal: "web/portal.js" } }, // console, till, shoppers
  },
});
