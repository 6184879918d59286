// The badge studio: choices take effect at once, and texts can be copied. The
// page works without it: the form asks the server.
"use strict";
(() => {
  const form = document.getElementById("choices");
  const told = document.getElementById("copied");
  if (!form) return;

  const choices = () => Object.fromEntries(new FormData(form));
  const fill = (template, chosen) => template.replace(/\{(style|metric|widget|theme)\}/g, (_, name) => chosen[name]);

  // Images know their size from the gallery, which has every badge.
  function show() {
    const c = choices();
    for (const code of form.querySelectorAll("[data-template]")) code.textContent = fill(code.dataset.template, c);
    for (const link of form.querySelectorAll(".gallery a")) {
      const chosen = link.dataset.style === c.style && link.dataset.metric === c.metric;
      mark(link, chosen);
      if (chosen) preview(link.firstElementChild);
    }
    for (const item of form.querySelectorAll(".stage li")) {
      mark(item, item.dataset.widget === c.widget && item.dataset.scheme === c.theme);
    }
    history.replaceState(null, "", "?" + new URLSearchParams(c));
  }

  function mark(el, chosen) {
    if (chosen) el.setAttribute("aria-current", "true");
    else el.removeAttribute("aria-current");
  }

  function preview(from) {
    for (const img of form.querySelectorAll("img.preview")) {
      img.src = from.getAttribute("src");
      img.width = from.width;
      img.height = from.height;
      if (img.id) img.alt = from.alt;
    }
  }

  form.addEventListener("change", show);
  form.querySelector(".gallery").addEventListener("click", (e) => {
    const link = e.target.closest("a");
    if (!link || e.ctrlKey || e.metaKey || e.shiftKey || e.button) return;
    e.preventDefault();
    form.elements.style.value = link.dataset.style;
    form.elements.metric.value = link.dataset.metric;
    show();
  });

  // Without a secure context there is no clipboard: the text is selected instead.
  async function copy(button) {
    const code = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(code.textContent);
      told.textContent = "Copied.";
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; told.textContent = ""; }, 2000);
    } catch {
      getSelection().selectAllChildren(code);
      told.textContent = "Selected: copy it with your keyboard.";
    }
  }
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
})();
