/* The page's words in three languages, and which one is on. */
const all = JSON.parse(document.getElementById("walk-words").textContent);
export const NAMES = { kk: "Қазақша", ru: "Русский", en: "English" };
let language = chosen();

function chosen() {
  let kept = null;
  try {
    kept = localStorage.getItem("tirek-walk:language");
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

/* A name that the server gave in three languages. */
export function named(names) {
  return names ? names[language] || names.kk || "" : "";
}

export function current() {
  return language;
}

export function choose(code) {
  if (!all[code]) return;
  language = code;
  document.documentElement.lang = code;
  document.title = say("page") + " · Tirek";
  try {
    localStorage.setItem("tirek-walk:language", code);
  } catch (error) {
    /* the choice holds until the page is closed */
  }
}

export function atTime(milliseconds) {
  return new Date(milliseconds).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
}
