/* Narrows the options of a filter menu while typing. */
customElements.define("filter-list", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("input", (e) => {
      if (!e.target.matches("[data-filter]")) return;
      e.stopPropagation();
      const q = e.target.value.toLowerCase();
      for (const o of this.querySelectorAll(".opts label")) o.hidden = !o.textContent.toLowerCase().includes(q);
    });
    this.addEventListener("change", (e) => { if (e.target.matches("[data-filter]")) e.stopPropagation(); });
    this.addEventListener("keydown", (e) => { if (e.key === "Enter" && e.target.matches("[data-filter]")) e.preventDefault(); });
  }
});
