/* Steps through a session by keyboard and shows details beside the timeline. */
const typing = (el) => el.closest?.("input, textarea, select, [contenteditable]");
customElements.define("session-timeline", class extends HTMLElement {
  connectedCallback() {
    this.stop = new AbortController();
    const on = (target, type, fn) => target.addEventListener(type, fn, { signal: this.stop.signal });
    on(this, "click", (e) => {
      const link = e.target.closest(".step > a");
      if (!link || e.metaKey || e.ctrlKey || e.shiftKey || e.button) return;
      e.preventDefault();
      this.select(link);
    });
    on(document, "click", (e) => {
      const hit = e.target.closest("[data-move], [data-close], [data-fold], [data-goto]");
      if (!hit) return;
      if (hit.dataset.move) this.move(+hit.dataset.move);
      else if ("close" in hit.dataset) this.close();
      else if (hit.dataset.fold) for (const d of this.querySelectorAll("details")) d.open = hit.dataset.fold === "open";
      else this.goto(hit.dataset.goto);
    });
    on(document, "keydown", (e) => this.key(e));
  }
  disconnectedCallback() { this.stop.abort(); }

  get links() { return [...this.querySelectorAll(".step > a")].filter((a) => a.checkVisibility({ contentVisibilityAuto: false })); }
  get current() { return this.querySelector(".step > a[aria-current]"); }

  key(e) {
    if (e.metaKey || e.ctrlKey || e.altKey) return;
    if (e.key === "Escape") return typing(e.target) ? e.target.blur() : this.close();
    if (typing(e.target)) return;
    const act = { j: () => this.move(1), k: () => this.move(-1), n: () => this.thread(1), p: () => this.thread(-1), e: () => this.move(1, ".step.err > a") }[e.key];
    if (act) { e.preventDefault(); act(); }
  }
  move(by, filter = "a") {
    const links = this.links, at = links.indexOf(this.current);
    for (let i = at + by; i >= 0 && i < links.length; i += by) if (links[i].matches(filter)) return this.select(links[i]);
  }
  thread(by) {
    const all = [...this.querySelectorAll(".thread")], from = this.current?.closest(".thread");
    const next = all[Math.max(0, all.indexOf(from) + by)];
    if (next) { next.open = true; this.select(next.querySelector(".step > a")); }
  }
  goto(id) {
    const el = document.getElementById(id);
    if (!el) return;
    for (let d = el.closest("details"); d; d = d.parentElement.closest("details")) d.open = true;
    if (el.matches(".step")) this.select(el.querySelector("a")); else el.scrollIntoView({ block: "start" });
  }
  async select(link) {
    this.current?.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    link.parentElement.scrollIntoView({ block: "nearest" });
    history.replaceState(null, "", link.href);
    this.loading?.abort();
    this.loading = new AbortController();
    const url = this.dataset.steps + link.parentElement.id + location.search;
    try {
      const html = await (await fetch(url, { signal: this.loading.signal })).text();
      const box = document.getElementById("inspector");
      box.innerHTML = html; box.scrollTop = 0;
    } catch (e) { if (e.name !== "AbortError") throw e; }
  }
  close() {
    document.getElementById("inspector").replaceChildren();
    this.current?.removeAttribute("aria-current");
    const url = new URL(location); url.searchParams.delete("step"); history.replaceState(null, "", url);
  }
});
