// Copy buttons: each copies the `.copyable` parts of its `.copy-scope`.
(() => {
  const textOf = (scope) => [...scope.querySelectorAll(".copyable")].map((part) => {
    if (part.dataset.href) return new URL(part.dataset.href, location.href).href;
    const whole = part.cloneNode(true);
    whole.querySelectorAll(".rest > summary").forEach((summary) => summary.remove());
    return whole.textContent;
  }).join("\n");

  const write = async (text) => {
    // Beyond loopback and https there is no clipboard API.
    if (navigator.clipboard) return navigator.clipboard.writeText(text);
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("button.copy");
    if (!button) return;
    event.preventDefault();
    const label = button.textContent;
    try {
      await write(textOf(button.closest(".copy-scope")));
      button.textContent = button.dataset.done;
    } catch {
      button.textContent = "not allowed";
    }
    setTimeout(() => { button.textContent = label; }, 1200);
  });
})();
