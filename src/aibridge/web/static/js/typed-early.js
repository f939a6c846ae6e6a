/* Somebody searches as soon as there is a field; htmx listens a moment later, and would not hear of what stands there. */
document.addEventListener("htmx:after:process", (e) => {
  if (e.target !== document.body) return;
  for (const field of document.querySelectorAll("[role=search] input[type=search]"))
    if (field.value !== field.defaultValue) field.dispatchEvent(new Event("input", { bubbles: true }));
});
