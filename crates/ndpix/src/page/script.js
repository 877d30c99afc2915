"use strict";
// The page is whole without this: it only lets commands be copied.
for (const button of document.querySelectorAll(".cmd button")) {
  const code = button.previousElementSibling;
  const said = document.getElementById("copied");
  button.hidden = false;
  button.addEventListener("click", async () => {
    let done = true;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      done = document.execCommand("copy");
    }
    button.textContent = done ? "Copied" : "Select it";
    said.textContent = done ? "The command is copied" : "The command could not be copied; it is selected";
    setTimeout(() => { button.textContent = "Copy"; said.textContent = ""; }, 2000);
  });
}
