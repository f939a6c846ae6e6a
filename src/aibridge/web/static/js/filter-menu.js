/* <filter-menu>: asks the server for the values of a menu when it opens, and while somebody types what they look for.
   The form's other fields go with the question, so that the counts are those of what else is chosen. */
customElements.define("filter-menu", class extends HTMLElement {
  connectedCallback() {
    const menu = this.closest("details"), find = this.querySelector("[data-find]");
    menu.addEventListener("toggle", () => { if (menu.open) { this.ask(); find.focus({ preventScroll: true }); } });
    find.addEventListener("input", (e) => {
      e.stopPropagation();
      clearTimeout(this.waiting);
      this.waiting = setTimeout(() => this.ask(), 200);
    });
    find.addEventListener("change", (e) => e.stopPropagation());
    find.addEventListener("keydown", (e) => { if (e.key === "Enter") { e.preventDefault(); this.ask(); } });
    if (menu.open) this.ask();
  }
  disconnectedCallback() { clearTimeout(this.waiting); this.asking?.abort(); }

  async ask() {
    const box = this.querySelector("[data-values]");
    this.asking?.abort();
    const asking = this.asking = new AbortController();
    box.setAttribute("aria-busy", "true");
    try {
      const query = new URLSearchParams([...new FormData(this.closest("form"))].filter(([, value]) => value));
      const answer = await fetch(`${box.dataset.values}?${query}`, { headers: { "HX-Request": "true" }, signal: asking.signal });
      if (!answer.ok) throw new Error(answer.statusText);
      const html = await answer.text();
      if (!asking.signal.aborted) box.innerHTML = html;
    } catch (e) {
      if (e.name !== "AbortError") this.fail(box);
    } finally {
      if (this.asking === asking) box.removeAttribute("aria-busy");
    }
  }
  fail(box) {
    const retry = Object.assign(document.createElement("button"), { type: "button", className: "btn btn-s", textContent: "Retry" });
    retry.addEventListener("click", () => this.ask());
    const said = Object.assign(document.createElement("p"), { className: "none", textContent: "The values could not be loaded. " });
    said.setAttribute("role", "alert");
    said.append(retry);
    box.append(said);
  }
});
