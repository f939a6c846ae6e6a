/* Copies its data-text and says so. */
customElements.define("copy-button", class extends HTMLElement {
  connectedCallback() {
    this.addEventListener("click", async () => {
      await navigator.clipboard.writeText(this.dataset.text);
      const button = this.querySelector("button"), label = button.title;
      button.title = "Copied";
      button.classList.add("ok");
      document.getElementById("said").textContent = "Copied.";
      setTimeout(() => { button.title = label; button.classList.remove("ok"); }, 1200);
    });
  }
});
