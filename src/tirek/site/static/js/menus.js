/* The small screen's menu opens in place; an open menu closes on Escape or a click elsewhere. */
export function menus(doc) {
  const link = doc.querySelector(".menu-link");
  const nav = doc.querySelector("#nav");
  if (link && nav) {
    link.setAttribute("role", "button");
    link.setAttribute("aria-expanded", "false");
    link.setAttribute("aria-controls", "nav");
    link.addEventListener("click", (event) => {
      event.preventDefault();
      const open = nav.classList.toggle("open");
      link.setAttribute("aria-expanded", String(open));
      if (open) nav.querySelector("a")?.focus();
    });
    link.addEventListener("keydown", (event) => { if (event.key === " ") { event.preventDefault(); link.click(); } });
  }
  doc.addEventListener("click", (event) => {
    for (const menu of doc.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  doc.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (nav?.classList.contains("open")) { link.click(); link.focus(); return; }
    for (const menu of doc.querySelectorAll("details.menu[open]")) { menu.open = false; menu.querySelector("summary").focus(); }
  });
}
