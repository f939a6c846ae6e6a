/* Expands a request row in place. The link works without this. */
document.addEventListener("click", async (e) => {
  const row = e.target.closest("tr.r");
  if (!row || (e.target.closest("a, button") && !e.target.closest("[data-expand]")) || getSelection().toString()) return;
  e.preventDefault();
  const link = row.querySelector("[data-expand]"), open = row.classList.toggle("open");
  link.setAttribute("aria-expanded", open);
  if (!open) return document.getElementById(`d-${row.id}`)?.remove();
  const html = await (await fetch(link.dataset.expand)).text();
  row.insertAdjacentHTML("afterend", `<tr class="d" id="d-${row.id}"><td colspan="9">${html}</td></tr>`);
});
