"use strict";
/* Language and theme of every page. Runs in the head, before anything is shown, so that nothing changes colour. */

const site = (() => {
  const root = document.documentElement;
  const tongues = Object.keys(WORDS);
  const themes = ["auto", "light", "dark"];

  /* Some browsers have no storage, or refuse it to pages opened from a file: the choice then lasts for the page. */
  function keep(key, value) {
    try { localStorage.setItem(`reconciler.${key}`, value); } catch { /* it is not kept */ }
  }
  function kept(key, allowed) {
    try {
      const value = localStorage.getItem(`reconciler.${key}`);
      return allowed.includes(value) ? value : null;
    } catch { return null; }
  }
  function preferred() {
    const wanted = (navigator.languages || []).map((each) => each.toLowerCase().split("-")[0]);
    return wanted.find((each) => tongues.includes(each)) || tongues[0];
  }

  let tongue = kept("language", tongues) || preferred();
  let theme = kept("theme", themes) || "auto";

  function number(value) {
    return new Intl.NumberFormat(tongue).format(value);
  }

  /* The same filling as the program does for the language that the page is written in. */
  function text(key, values = {}) {
    const entry = WORDS[tongue][key];
    const words = typeof entry === "string" ? entry : entry[new Intl.PluralRules(tongue).select(values.n)];
    return words.replace(/\{([a-z]+)\}/g, (_, name) =>
      typeof values[name] === "number" ? number(values[name]) : String(values[name]));
  }

  function say() {
    root.lang = tongue;
    for (const each of document.querySelectorAll("[data-t]")) {
      each.textContent = text(each.dataset.t, each.dataset.v ? JSON.parse(each.dataset.v) : {});
    }
    for (const each of document.querySelectorAll("[data-t-label]")) {
      each.setAttribute("aria-label", text(each.dataset.tLabel, each.dataset.v ? JSON.parse(each.dataset.v) : {}));
    }
    document.dispatchEvent(new Event("said"));
  }

  function show() {
    if (theme === "auto") delete root.dataset.theme;
    else root.dataset.theme = theme;
  }

  function bindSwitch(id, value, change) {
    const control = document.getElementById(id);
    if (!control) return;
    control.value = value;
    control.addEventListener("change", () => change(control.value));
  }

  /* What an address leads to may be folded away. */
  function unfold() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const folded = target && target.closest("details");
    if (folded && !folded.open) {
      folded.open = true;
      target.scrollIntoView();
    }
  }

  show();
  root.lang = tongue;
  addEventListener("hashchange", unfold);
  document.addEventListener("DOMContentLoaded", () => {
    bindSwitch("theme", theme, (value) => { theme = value; keep("theme", value); show(); });
    bindSwitch("language", tongue, (value) => { tongue = value; keep("language", value); say(); });
    document.getElementById("switches").hidden = false;
    if (tongues.length > 1) say();
    unfold();
  });

  return { text, number, tongue: () => tongue };
})();
