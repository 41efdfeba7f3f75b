/* Elements from names, properties and children; texts are always texts, never markup. */
export function make(name, properties, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties || {})) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

export function show(...children) {
  const main = document.getElementById("walk");
  document.getElementById("walk-told").textContent = "";  // what was said belongs to the screen before
  main.replaceChildren(...children.flat().filter(Boolean));
  return main;
}

/* Said aloud by screen readers, at once. */
export function tell(text) {
  const place = document.getElementById("walk-told");
  place.textContent = "";
  setTimeout(() => (place.textContent = text), 50);
}
