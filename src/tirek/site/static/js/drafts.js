/* A form marked data-draft keeps what was typed until it is sent. Fields marked data-secret are never kept. */
export function drafts(root) {
  for (const form of root.querySelectorAll("form[data-draft]")) {
    const key = `draft:${location.pathname}:${form.dataset.draft}`;
    restore(form, key);
    form.addEventListener("input", () => sessionStorage.setItem(key, JSON.stringify(values(form))));
    form.addEventListener("submit", () => sessionStorage.removeItem(key));
  }
}

function values(form) {
  const kept = [...form.elements].filter((el) => el.name && !el.dataset.secret && !["hidden", "password", "file"].includes(el.type));
  return kept.map((el) => [el.name, el.type === "checkbox" || el.type === "radio" ? el.checked : el.value, el.value]);
}

function restore(form, key) {
  const kept = sessionStorage.getItem(key);
  if (!kept || form.querySelector("[aria-invalid]")) return;
  for (const [name, state, value] of JSON.parse(kept)) {
    for (const el of form.querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
      if (el.type === "checkbox" || el.type === "radio") { if (el.value === value) el.checked = state; } else el.value = state;
    }
  }
}
