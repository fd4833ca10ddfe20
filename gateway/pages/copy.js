document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const said = document.getElementById(button.dataset.said);
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
  } catch {
    if (!source.select) return;
    source.select();
    if (!document.execCommand("copy")) return;
  }
  said.textContent = said.dataset.done;
});
for (const button of document.querySelectorAll("button[data-copy]")) button.hidden = false;
