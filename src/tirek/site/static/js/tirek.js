/* Only makes quicker what works without it: keys, menu, waiting, drafts. */
import { keys } from "./keys.js";
import { menus } from "./menus.js";
import { drafts } from "./drafts.js";
import { exchanged } from "./exchanged.js";

menus(document);
keys(document);
drafts(document);
exchanged(document);
document.addEventListener("htmx:afterSwap", (event) => drafts(event.target));
