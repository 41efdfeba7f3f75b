/* The page's words in three languages, and which one is on. */
const all = JSON.parse(document.getElementById("sit-words").textContent);
const NAMES = { kk: "Қазақша", ru: "Русский", en: "English" };
let language = chosen();

function chosen() {
  let kept = null;
  try {
    kept = localStorage.getItem("tirek-sit:language");
  } catch (error) {
    kept = null;
  }
  if (kept && all[kept]) return kept;
  const page = document.documentElement.lang.slice(0, 2);
  return all[page] ? page : "kk";
}

export function say(key, values) {
  const text = all[language][key] || all.en[key] || key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (values && name in values ? String(values[name]) : whole));
}

export function has(key) {
  return key in all.en;
}

export function current() {
  return language;
}

export function choose(code, keep) {
  if (!all[code]) return;
  language = code;
  document.documentElement.lang = code;
  document.title = say("page") + " · Tirek";
  if (!keep) return;
  try {
    localStorage.setItem("tirek-sit:language", code);
  } catch (error) {
    /* the choice holds until the page is closed */
  }
}

export function isChosen() {
  try {
    return Boolean(localStorage.getItem("tirek-sit:language"));
  } catch (error) {
    return false;
  }
}

export { NAMES };
