/* Shows times as this browser's clock does; UTC stays in the title. Also in what htmx brings later. */
const SHAPES = {
  clock: { hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false },
  day: { day: "2-digit", month: "short" },
  moment: { day: "2-digit", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hour12: false },
};
SHAPES.zoned = { ...SHAPES.moment, timeZoneName: "short" };
SHAPES.exact = { ...SHAPES.zoned, second: "2-digit" };
const ZONE = new Intl.DateTimeFormat("en-GB", { timeZoneName: "short" })
  .formatToParts()
  .find((part) => part.type === "timeZoneName").value;

const localise = (root) => {
  for (const time of root.querySelectorAll("time[data-shape]")) {
    const shape = SHAPES[time.dataset.shape];
    const shown = new Intl.DateTimeFormat("en-GB", shape).format(new Date(time.dateTime));
    if (time.textContent !== shown) time.textContent = shown;
  }
  const zone = `Times in ${ZONE}`;
  for (const told of root.querySelectorAll("[data-zone]")) if (told.textContent !== zone) told.textContent = zone;
};

localise(document);
// What is morphed keeps its elements: only their texts change.
new MutationObserver((changes) => {
  for (const change of changes) {
    if (change.type === "characterData") localise(change.target.parentNode?.parentNode ?? document);
    for (const node of change.addedNodes) if (node.nodeType === 1) localise(node.parentNode ?? node);
  }
}).observe(document.body, { childList: true, characterData: true, subtree: true });
