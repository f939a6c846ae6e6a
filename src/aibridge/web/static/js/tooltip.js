/* One tooltip for all charts, fed by data-tip="label|css=name=value|…". */
const tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
document.body.append(tip);
document.addEventListener("pointermove", (e) => {
  const col = e.target.closest?.("[data-tip]");
  tip.hidden = !col;
  if (!col) return;
  if (tip.of !== col) {
    tip.of = col;
    const [label, ...rows] = col.dataset.tip.split("|");
    const head = Object.assign(document.createElement("b"), { textContent: label });
    tip.replaceChildren(head, ...rows.map((r) => {
      const [css, name, value] = r.split("="), line = document.createElement("div");
      const dot = Object.assign(document.createElement("i"), { className: `dot ${css}` });
      line.append(dot, name, Object.assign(document.createElement("em"), { textContent: value }));
      return line;
    }));
  }
  tip.style.left = `${Math.min(e.clientX + 14, innerWidth - tip.offsetWidth - 12)}px`;
  tip.style.top = `${Math.max(e.clientY - tip.offsetHeight - 12, 8)}px`;
});
