/* Request rows: a click or Enter opens one in place, j and k go from row to row, Esc closes. The link says which is open. */
const typing = (el) => el.closest?.("input, textarea, select, [contenteditable]");
const twist = (row) => row.querySelector("[data-expand]");

const mark = (row, open) => {
  const link = twist(row), url = new URL(location);
  row.classList.toggle("open", open);
  link.setAttribute("aria-expanded", open);
  url.searchParams.delete("open");
  if (open) {
    link.setAttribute("aria-controls", `d-${row.id.slice(2)}`);
    url.searchParams.set("open", row.id.slice(2));
  } else link.removeAttribute("aria-controls");
  history.replaceState(history.state, "", url);
};

const close = (row) => {
  mark(row, false);
  document.getElementById(`d-${row.id.slice(2)}`)?.remove();
};

const place = (row, html) => {
  document.getElementById(`d-${row.id.slice(2)}`)?.remove();
  const detail = document.createElement("tr"), cell = document.createElement("td");
  detail.className = "d";
  detail.id = `d-${row.id.slice(2)}`;
  cell.colSpan = row.cells.length;
  cell.append(html);
  detail.append(cell);
  row.after(detail);
};

const parsed = (html) => document.createRange().createContextualFragment(html);

const open = async (row) => {
  for (const other of document.querySelectorAll("tr.r.open")) if (other !== row) close(other);
  mark(row, true);
  try {
    const answer = await fetch(twist(row).dataset.expand, { headers: { "HX-Request": "true" } });
    if (!answer.ok) throw new Error(answer.statusText);
    const html = await answer.text();
    if (row.classList.contains("open")) place(row, parsed(html));
  } catch {
    const failed = parsed('<p class="alert" role="alert">This request could not be loaded. <button type="button" class="btn btn-s">Retry</button></p>');
    failed.querySelector("button").addEventListener("click", () => open(row));
    if (row.classList.contains("open")) place(row, failed);
  }
};

document.addEventListener("click", (e) => {
  const row = e.target.closest("tr.r");
  if (!row || (e.target.closest("a, button") && !e.target.closest("[data-expand]"))) return;
  if (getSelection().toString() || e.metaKey || e.ctrlKey || e.shiftKey) return;
  e.preventDefault();
  if (row.classList.contains("open")) close(row); else open(row);
});

document.addEventListener("keydown", (e) => {
  if (e.metaKey || e.ctrlKey || e.altKey || typing(e.target) || document.querySelector("dialog[open]")) return;
  const rows = [...document.querySelectorAll("tr.r")], opened = document.querySelector("tr.r.open");
  if (!rows.length) return;
  if (e.key === "Escape" && opened && !document.querySelector("details.menu[open]")) {
    close(opened);
    twist(opened).focus();
  }
  const by = { j: 1, k: -1 }[e.key];
  if (!by) return;
  e.preventDefault();
  const at = rows.indexOf(document.activeElement?.closest("tr.r") ?? (by > 0 ? null : rows[0]));
  const next = rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
  twist(next).focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
});
