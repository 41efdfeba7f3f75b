/* "/" search, "g" then a letter goes, "j" and "k" walk the rows, Enter opens, "?" shows this. */
const typing = (el) => el.closest("input, select, textarea, [contenteditable]");

export function keys(doc) {
  let going = false;
  doc.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (going) {
      going = false;
      const link = doc.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      if (link) { event.preventDefault(); link.click(); }
      return;
    }
    const act = { "/": search, g: () => (going = true), j: () => walk(doc, 1), k: () => walk(doc, -1), Enter: () => open(doc), "?": () => help(doc) }[event.key];
    if (!act) return;
    if (act(doc) !== false) event.preventDefault();
  });
}

function search(doc) {
  const field = doc.querySelector("#site-search");
  if (!field) return false;
  field.focus();
  field.select();
}

function rows(doc) {
  return [...doc.querySelectorAll("table.walk tbody tr")];
}

function walk(doc, step) {
  const all = rows(doc);
  if (!all.length) return false;
  const now = all.findIndex((row) => row.classList.contains("here"));
  const next = all[Math.min(all.length - 1, Math.max(0, now + step))];
  all[now]?.classList.remove("here");
  next.classList.add("here");
  next.querySelector("a")?.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

function open(doc) {
  if (doc.activeElement !== doc.body) return false;
  const link = doc.querySelector("tr.here a");
  if (!link) return false;
  link.click();
}

function help(doc) {
  const dialog = doc.querySelector("#keys");
  if (!dialog) return false;
  dialog.open ? dialog.close() : dialog.showModal();
}
