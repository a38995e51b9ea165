// Buttons that copy: <button data-copy="ID" hidden> copies the text of the element ID. Without script
// they stay hidden, and the text can be selected.
"use strict";

(() => {
  function select(node) {
    const selection = window.getSelection();
    const range = document.createRange();
    range.selectNodeContents(node);
    selection.removeAllRanges();
    selection.addRange(range);
  }

  async function write(node) {
    try {
      await navigator.clipboard.writeText(node.textContent.trim());
    } catch {
      // Pages over plain HTTP are not given the clipboard.
      select(node);
      if (!document.execCommand("copy")) throw new Error("not copied");
    }
  }

  async function copy(button, node) {
    const label = button.dataset.label ?? button.textContent;
    button.dataset.label = label;
    try {
      await write(node);
      button.textContent = "Copied";
    } catch {
      select(node);
      button.textContent = "Press Ctrl+C";
    }
    setTimeout(() => { button.textContent = label; }, 2000);
  }

  for (const button of document.querySelectorAll("button[data-copy]")) {
    const node = document.getElementById(button.dataset.copy);
    button.hidden = false;
    button.addEventListener("click", () => copy(button, node));
  }
})();
