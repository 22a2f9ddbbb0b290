// Light or dark, before anything is painted; this is why it is no module. Without a choice the
// system's is followed. A browser that keeps nothing for us is no error.
"use strict";
(() => {
  const KEY = "lookout-theme";
  const THEMES = ["auto", "light", "dark"];
  const root = document.documentElement;

  function known() {
    try {
      const theme = localStorage.getItem(KEY);
      return THEMES.includes(theme) ? theme : "auto";
    } catch {
      return "auto";
    }
  }

  function show(theme) {
    root.dataset.theme = theme;
    const button = document.getElementById("theme-button");
    if (button) button.textContent = `Theme: ${theme}`;
  }

  function next() {
    const theme = THEMES[(THEMES.indexOf(root.dataset.theme) + 1) % THEMES.length];
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // It holds until the page is left.
    }
    show(theme);
  }

  show(known());
  document.addEventListener("DOMContentLoaded", () => {
    show(root.dataset.theme);
    document.getElementById("theme-button").addEventListener("click", next);
  });
})();
