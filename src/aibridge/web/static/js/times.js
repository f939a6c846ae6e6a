/* Shows times as this browser's clock does; UTC stays in the title. Also in what htmx brings later. */
const SHAPES = {
  clock: { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false },
  day: { day: "2-digit", month: "short" },
  moment: { day: "2-digit", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hour12: false },
};

const localise = (root) => {
  for (const time of root.querySelectorAll("time[data-shape]")) {
    const shape = SHAPES[time.dataset.shape];
    const shown = new Intl.DateTimeFormat("en-GB", shape).format(new Date(time.dateTime));
    if (time.textContent !== shown) time.textContent = shown;
  }
};

localise(document);
new MutationObserver((changes) => {
  for (const change of changes) for (const node of change.addedNodes) if (node.nodeType === 1) localise(node.parentNode ?? node);
}).observe(document.body, { childList: true, subtree: true });
