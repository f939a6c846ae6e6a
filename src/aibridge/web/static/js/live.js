/* <live-events>: hears from /events while the page is looked at, and says so to whoever listens on it.

   src: what to ask, such as /events?session=…; it may change with a list's filter · listening: it does · dispatches
   "news" with the event's data on itself, bubbling; with at_once=1 in src, what came since=… is news as well.
   A browser has six connections to a server over HTTP/1.1, so a page in the background gives its own back. */
customElements.define("live-events", class extends HTMLElement {
  static observedAttributes = ["src"];
  attributeChangedCallback() {
    if (!this.source) return;
    this.close();
    this.open();
  }
  connectedCallback() {
    this.onVisible = () => (document.hidden ? this.close() : this.open());
    document.addEventListener("visibilitychange", this.onVisible);
    this.onVisible();
  }
  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.onVisible);
    this.close();
  }
  open() {
    if (this.source) return;
    this.source = new EventSource(this.getAttribute("src"));
    this.source.addEventListener("news", (e) => {
      this.dispatchEvent(new CustomEvent("news", { bubbles: true, detail: JSON.parse(e.data) }));
    });
    this.source.addEventListener("open", () => this.toggleAttribute("listening", true));
    this.source.addEventListener("ended", () => this.close());
  }
  close() {
    this.source?.close();
    this.source = null;
    this.removeAttribute("listening");
  }
});
