/* <session-timeline>: walks through a session by keyboard and shows the details of a step beside its timeline.

   Every step is a link that works without this. Steps are `.step` with the id `s-…`, threads are <details> with `t-…`; while
   steps are narrowed down, those that match have `data-hit`: the others only lead to them. A `.gap` stands for what is not here yet: htmx fills it when it comes near, or at once when it hears "near".
   data-failures: where the server tells which failure follows a step. */
const typing = (el) => el.closest?.("input, textarea, select, [contenteditable]");
const fragment = { headers: { "HX-Request": "true" } };

customElements.define("session-timeline", class extends HTMLElement {
  connectedCallback() {
    this.stop = new AbortController();
    const on = (target, type, fn) => target.addEventListener(type, fn, { signal: this.stop.signal });
    on(document, "click", (e) => this.click(e));
    on(document, "keydown", (e) => this.key(e));
    this.current?.scrollIntoView({ block: "center" });
  }
  disconnectedCallback() { this.stop.abort(); }

  get current() { return this.querySelector(".step > a[aria-current]"); }
  get inspector() { return document.getElementById("inspector"); }
  /* Steps that can be seen, and gaps, in order. */
  seen(steps) {
    return [...this.querySelectorAll(`${steps} > a, .gap`)].filter((el) => el.checkVisibility({ contentVisibilityAuto: false }));
  }
  /* Where keys and arrows stop: at what matches, while anything is looked for. */
  get stops() { return this.seen(this.querySelector("[data-hit]") ? ".step[data-hit]" : ".step"); }
  /* The place from which to go on among these; the current step may lie between two of them. */
  from(stops, by) {
    const at = stops.indexOf(this.current);
    if (at >= 0 || !this.current) return at;
    const before = stops.findLastIndex((el) => el.compareDocumentPosition(this.current) & Node.DOCUMENT_POSITION_FOLLOWING);
    return by > 0 ? before : before + 1;
  }

  click(e) {
    if (e.metaKey || e.ctrlKey || e.shiftKey || e.altKey || e.button) return;
    const hit = e.target.closest(".step > a, .gap > a, [data-move], [data-close], [data-fold], [data-goto]");
    if (!hit) return;
    if (hit.matches(".gap > a")) return e.preventDefault(); // htmx fills it in place; without scripts the link leads there
    if (hit.matches(".step > a")) {
      if (!this.contains(hit)) return;
      e.preventDefault();
      return this.select(hit);
    }
    if (hit.dataset.goto && !this.find(hit.dataset.goto) && hit.matches("a")) return;
    e.preventDefault();
    if (hit.dataset.move) this.move(+hit.dataset.move);
    else if ("close" in hit.dataset) this.close();
    else if (hit.dataset.fold) for (const d of this.querySelectorAll("details")) d.open = hit.dataset.fold === "open";
    else this.goto(hit.dataset.goto);
  }
  key(e) {
    if (e.metaKey || e.ctrlKey || e.altKey || document.querySelector("dialog[open]")) return;
    if (e.key === "Escape") return typing(e.target) ? e.target.blur() : this.close();
    if (typing(e.target)) return;
    const act = {
      j: () => this.move(1), k: () => this.move(-1),
      n: () => this.thread(1), p: () => this.thread(-1),
      e: () => this.failure(),
    }[e.key];
    if (act) { e.preventDefault(); act(); }
  }

  async move(by) {
    const stops = this.stops, next = stops[this.from(stops, by) + by];
    if (!next) return;
    if (!next.matches(".gap")) return this.select(next);
    const before = stops[stops.indexOf(next) - by];
    await this.fill(next);
    const filled = this.stops, at = before ? filled.indexOf(before) : by > 0 ? -1 : filled.length;
    if (filled[at + by]?.matches("a")) this.select(filled[at + by]);
  }
  async thread(by) {
    const all = [...this.querySelectorAll(":scope > .thread, :scope > .gap")], from = this.current?.closest(".thread");
    const next = all[from ? all.indexOf(from) + by : 0];
    if (!next) return;
    if (next.matches(".gap")) { await this.fill(next); return this.thread(by); }
    next.open = true;
    const first = next.querySelector(".step > a");
    if (first) this.select(first, "start");
  }
  /* The next failure on the page; behind a gap, or at its end, the server knows. */
  async failure() {
    const stops = this.seen(".step"), rest = stops.slice(stops.indexOf(this.current) + 1);
    const next = rest.find((el) => el.matches(".gap:not(.before), .step.err > a"));
    if (next?.matches("a")) return this.select(next);
    const url = new URL(this.dataset.failures, location);
    const after = this.current?.parentElement.id.slice(2);
    if (after) url.searchParams.set("after", after);
    const id = next ? await (await fetch(url, fragment)).text() : "";
    if (id) this.goto(`s-${id}`);
    else document.getElementById("said").textContent = "No further failure.";
  }
  find(id) { return document.getElementById(id); }
  goto(id) {
    const el = this.find(id);
    if (!el) {
      const url = new URL(location);
      url.searchParams.delete("from");
      url.searchParams.delete("step");
      url.searchParams.set(id.startsWith("s-") ? "step" : "from", id.slice(2));
      location.assign(url);
      return;
    }
    for (let d = el.closest("details"); d; d = d.parentElement.closest("details")) d.open = true;
    if (el.matches(".step")) this.select(el.querySelector("a"), "center");
    else el.scrollIntoView({ block: "start" });
  }
  fill(gap) {
    return new Promise((resolve) => {
      const seen = new MutationObserver(() => { if (!gap.isConnected) { seen.disconnect(); resolve(); } });
      seen.observe(this, { childList: true, subtree: true });
      gap.dispatchEvent(new CustomEvent("near"));
    });
  }

  async select(link, block = "nearest") {
    this.current?.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    history.replaceState(history.state, "", link.href);
    this.loading?.abort();
    this.loading = new AbortController();
    const box = this.inspector, url = new URL(link.href);
    url.pathname += `/steps/${link.parentElement.id.slice(2)}`;
    box.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(url, { ...fragment, signal: this.loading.signal });
      if (answer.status === 401) return location.reload();
      box.innerHTML = await answer.text();
      box.scrollTop = 0;
      this.reveal(box.querySelector("mark"));
      globalThis.htmx?.process(box);
    } catch (e) {
      if (e.name === "AbortError") return;
      this.fail(link);
    }
    box.removeAttribute("aria-busy");
    link.parentElement.scrollIntoView({ block });
  }
  /* What was searched for, in what scrolls by itself and in what scrolls that; the page stays where it is. */
  reveal(mark) {
    for (let box = mark?.parentElement; box && box !== this.inspector.parentElement; box = box.parentElement) {
      const { top, bottom } = box.getBoundingClientRect(), at = mark.getBoundingClientRect();
      if (box.scrollHeight > box.clientHeight && (at.top < top || at.bottom > bottom)) box.scrollTop += at.top - top - box.clientHeight / 3;
    }
  }
  fail(link) {
    const sorry = document.getElementById("step-failed").content.cloneNode(true);
    sorry.querySelector("button").addEventListener("click", () => this.select(link));
    this.inspector.replaceChildren(sorry);
  }
  close() {
    this.inspector.replaceChildren();
    this.current?.removeAttribute("aria-current");
    const url = new URL(location);
    url.searchParams.delete("step");
    history.replaceState(history.state, "", url);
  }
});
