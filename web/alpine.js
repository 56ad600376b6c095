// Alpine in the build that needs no eval, for pages with x-data.
import Alpine from "@alpinejs/csp";

Alpine.start();
