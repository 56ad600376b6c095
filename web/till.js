// What every screen of the till loads. The sale screen is drawn by the server; here are the keys, the scanner, the sounds.
import "./main.css";
import "./css/till.css";
import "./css/till_members.css";
import "./css/till_returns.css";
import "./css/receipt.css";
import htmx from "htmx.org";
import "./forms.js";
import "./till_shell.js";
import "./till_line.js";
import "./till_keys.js";
import "./till_scan.js";
import "./till_looks.js";
import "./till_paper.js";
import "./till_display.js";
import "./till_door.js";
import "./till_enrol.js";
import "./till_count.js";

window.htmx = htmx;
