/* When a part of the page was exchanged: the focus does not fall off the page, and what came of long work is said aloud. */
export function exchanged(doc) {
  let before = null;
  doc.addEventListener("htmx:beforeRequest", (event) => { if (event.detail.target.id === "main" && written(doc)) event.preventDefault(); });
  doc.addEventListener("htmx:beforeSwap", (event) => (before = focused(doc, event.detail.target)));
  doc.addEventListener("htmx:afterSettle", (event) => {
    const part = doc.getElementById(event.target.id) ?? event.target;
    if (before?.part === part.id) keep(doc, part, before);
    before = null;
    say(doc, part);
  });
}

/* Somebody is writing on the page that would go away: it stays, with its link to the result. */
function written(doc) {
  return doc.activeElement?.matches("main :is(input:not([type=checkbox], [type=radio]), textarea, select)") ?? false;
}

function focused(doc, part) {
  const now = doc.activeElement;
  const inside = part.contains(now) && now !== part;
  if (!inside && part.id !== "main") return null;
  return { part: part.id, name: inside && now.name, value: now.value, text: now.textContent };
}

function keep(doc, part, was) {
  if (doc.activeElement && doc.activeElement !== doc.body) return;
  const alike = was.name ? [...part.querySelectorAll(`[name="${CSS.escape(was.name)}"]`)] : [];
  const again = alike.find((el) => el.value === was.value) ?? alike.find((el) => el.textContent && el.textContent === was.text);
  stand(again ?? part.querySelector("[data-next]") ?? (part.id === "main" ? part.querySelector("h1") : null) ?? part);
}

function stand(place) {
  if (place.tabIndex < 0) place.tabIndex = -1;
  place.focus({ preventScroll: true });
}

/* The region that is read aloud stands outside of what is exchanged, else it would be gone with its words. */
function say(doc, part) {
  const region = doc.querySelector("#said");
  const words = [...part.querySelectorAll("[data-said]")].map((el) => el.textContent.trim()).join(" ");
  if (region && words && region.textContent !== words) region.textContent = words;
}
