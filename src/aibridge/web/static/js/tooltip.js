/* One tooltip for all charts. data-tip: [label, [[class, name, figure], …], start or null], as JSON. With a start the
   label is told by this browser's clock. A click on a column goes where its data-href leads. */
const told = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "2-digit", month: "short", hour: "2-digit", minute: "2-digit" });
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
document.body.append(tip);

const made = (name, content, className = "") => Object.assign(document.createElement(name), { className, textContent: content });

document.addEventListener("pointermove", (e) => {
  const column = e.target.closest?.("[data-tip]");
  tip.hidden = !column;
  if (!column) return;
  if (tip.of !== column) {
    tip.of = column;
    const [label, rows, start] = JSON.parse(column.dataset.tip);
    tip.replaceChildren(made("b", start ? told.format(new Date(start)) : label), ...rows.map(([css, name, figure]) => {
      const line = document.createElement("div");
      line.append(made("i", "", `dot ${css}`), name, made("em", figure));
      return line;
    }));
  }
  tip.style.left = `${Math.max(Math.min(e.clientX + 14, innerWidth - tip.offsetWidth - 12), 8)}px`;
  tip.style.top = `${Math.max(e.clientY - tip.offsetHeight - 12, 8)}px`;
});

document.addEventListener("click", (e) => {
  const column = e.target.closest?.(".chart [data-href]");
  if (column) location.assign(column.dataset.href);
});

/* The times below a plot, by this browser's clock; also in what htmx brings later. */
const tell = (root) => {
  for (const tick of root.querySelectorAll?.("[data-clock]") ?? []) {
    const shown = clock.format(new Date(tick.dataset.clock));
    if (tick.textContent !== shown) tick.textContent = shown;
  }
};
tell(document);
new MutationObserver((changes) => {
  for (const change of changes) for (const node of change.addedNodes) tell(node.parentNode ?? node);
}).observe(document.body, { childList: true, subtree: true });
