/* Keys that work on every page: "/" searches, "?" lists the keys, Esc closes. Off while somebody types. */
const typing = (el) => el.closest?.("input, textarea, select, [contenteditable]");

document.addEventListener("keydown", (e) => {
  if (e.metaKey || e.ctrlKey || e.altKey) return;
  if (e.key === "Escape") document.querySelector("details.menu[open]")?.removeAttribute("open");
  if (typing(e.target)) return;
  if (e.key === "/") {
    const search = document.querySelector("[role=search] input[type=search]");
    if (search) { e.preventDefault(); search.focus(); }
  }
  if (e.key === "?") document.getElementById("keys")?.showModal();
});

document.addEventListener("click", (e) => {
  if (e.target.closest("[data-keys]")) document.getElementById("keys")?.showModal();
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(e.target)) menu.open = false;
});
