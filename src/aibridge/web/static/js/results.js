/* A list under filters: while it loads the old rows stay, dimmed; when it fails they stay too, with the reason above. */
const results = (e) => (e.target.matches?.("form.filters") ? document.getElementById("results-root") : null);

document.addEventListener("htmx:before:request", (e) => {
  results(e)?.setAttribute("aria-busy", "true");
  results(e)?.querySelector("[data-failed]")?.remove();
});
document.addEventListener("htmx:finally:request", (e) => results(e)?.removeAttribute("aria-busy"));
for (const failure of ["htmx:response:error", "htmx:error"]) {
  document.addEventListener(failure, (e) => {
    const root = results(e);
    if (!root || root.querySelector("[data-failed]")) return;
    const alert = Object.assign(document.createElement("p"), { className: "alert", textContent: "The list could not be loaded; these rows are from before. " });
    const retry = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-s", textContent: "Retry" });
    retry.addEventListener("click", () => e.target.requestSubmit());
    alert.append(retry);
    alert.setAttribute("role", "alert");
    alert.dataset.failed = "";
    e.target.after(alert);
  });
}

/* "12 new requests": counted while the list is looked at; the rows come when somebody wants them. Under a filter the server
   counts what matches, since the list was shown. */
document.addEventListener("news", (e) => {
  const button = document.querySelector("[data-news]");
  if (!button) return;
  const { matching, requests } = e.detail, before = button.dataset.news;
  const sum = matching !== undefined ? matching ?? "?" : requests === null || before === "?" ? "?" : Number(before) + requests;
  button.dataset.news = sum;
  button.hidden = sum === 0;
  button.querySelector("[data-said]").textContent = sum === "?" ? "New requests" : `${sum.toLocaleString("en")} new request${sum === 1 ? "" : "s"}`;
});
