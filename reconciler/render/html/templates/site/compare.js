"use strict";
/* What differs between two revisions, from the changes of those that lie between. The two stand in the address after
   the #. Everything that comes from the accounts is set as text, never as markup. */

(() => {
  const byId = (id) => document.getElementById(id);
  const told = JSON.parse(byId("told").textContent);
  const last = told.revisions.length ? told.revisions.at(-1)[0] : 0;
  let ends = { from: 0, to: last };

  /* Return what became of each account: [{name, origin, fields}], the created without origin, the deleted without name. */
  function compare(from, to) {
    const now = new Map(); /* by the name that the account has at this point */
    const gone = [];
    const taken = (name) => {
      const life = now.get(name) || { origin: name, fields: new Map() };
      now.delete(name);
      return life;
    };
    for (const [number, changes] of told.revisions) {
      if (number <= from || number > to) continue;
      /* In one revision two accounts may swap their names: all give theirs up before any takes one. */
      const lives = changes.map(([action, name, previous]) =>
        action === "create" ? null : taken(action === "rename" ? previous : name));
      changes.forEach(([action, name, , fields], at) => {
        const life = lives[at] || { origin: null, fields: new Map() };
        for (const [field, before, after, isRotated] of fields) {
          const earlier = life.fields.get(field);
          life.fields.set(field, {
            before: earlier ? earlier.before : before, after, isRotated: isRotated || Boolean(earlier && earlier.isRotated),
          });
        }
        if (action !== "delete") now.set(name, life);
        else if (life.origin !== null) gone.push({ name: null, origin: life.origin });
      });
    }
    const found = [...now].map(([name, life]) => ({
      name,
      origin: life.origin,
      fields: [...life.fields].filter(([, each]) => each.before !== each.after || each.isRotated),
    }));
    return {
      created: found.filter((each) => each.origin === null),
      changed: found.filter((each) => each.origin !== null && (each.fields.length || each.origin !== each.name)),
      deleted: gone,
    };
  }

  function made(tag, attributes, ...content) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...content);
    return element;
  }

  function account(name) {
    const path = Object.hasOwn(told.accounts, name) ? told.accounts[name] : null;
    const code = made("code", {}, name);
    return path ? made("a", { href: path }, code) : code;
  }

  function value(text, tag) {
    return text === null ? made("span", { class: "faint" }, site.text("fields.absent")) : made(tag, {}, text);
  }

  function fieldsOf(each) {
    const rows = each.fields.map(([field, { before, after, isRotated }]) => made("tr", {},
      made("th", { scope: "row" }, field), made("td", {}, value(before, "del")),
      made("td", {}, value(after, "ins"), ...(isRotated ? [" ", site.text("fields.rotated")] : []))));
    const heads = ["field", "before", "after"].map((key) => made("th", { scope: "col" }, site.text(`fields.${key}`)));
    return made("table", { class: "fields" },
      made("caption", { class: "hidden" }, site.text("fields.of", { name: each.name })),
      made("thead", {}, made("tr", {}, ...heads)), made("tbody", {}, ...rows));
  }

  function section(key, each, content) {
    if (!each.length) return [];
    const order = new Intl.Collator(site.tongue(), { numeric: true });
    const sorted = [...each].sort((one, other) => order.compare(one.name ?? one.origin, other.name ?? other.origin));
    return [made("h2", {}, site.text(`compare.${key}`)), made("ul", {}, ...sorted.map((one) => made("li", {}, ...content(one))))];
  }

  function show() {
    const [from, to] = [Math.min(ends.from, ends.to), Math.max(ends.from, ends.to)];
    const found = compare(from, to);
    const counts = Object.fromEntries(Object.entries(found).map(([key, each]) => [key, each.length]));
    byId("compared").textContent = Object.values(counts).some(Boolean)
      ? site.text("compare.counts", counts) : site.text("compare.same");
    byId("differences").replaceChildren(
      ...section("changed", found.changed, (each) => [
        ...(each.origin === each.name ? [account(each.name)] : renamed(each)),
        ...(each.fields.length ? [fieldsOf(each)] : []),
      ]),
      ...section("created", found.created, (each) => [account(each.name)]),
      ...section("deleted", found.deleted, (each) => [account(each.origin)]),
    );
    for (const end of ["from", "to"]) byId(end).value = String(ends[end]);
    history.replaceState(null, "", `#from=${ends.from}&to=${ends.to}`);
  }

  function renamed(each) {
    return [made("code", {}, each.origin), " ", made("span", { "aria-hidden": "true" }, "→"),
      made("span", { class: "hidden" }, site.text("becomes")), " ", account(each.name)];
  }

  function restore() {
    const asked = new URLSearchParams(location.hash.slice(1));
    const known = new Set([0, ...told.revisions.map(([number]) => number)]);
    const one = (end, otherwise) => (asked.has(end) && known.has(Number(asked.get(end))) ? Number(asked.get(end)) : otherwise);
    ends = { from: one("from", told.revisions.length > 1 ? told.revisions.at(-2)[0] : 0), to: one("to", last) };
    show();
  }

  for (const end of ["from", "to"]) {
    byId(end).addEventListener("change", () => { ends = { ...ends, [end]: Number(byId(end).value) }; show(); });
  }
  byId("revisions").addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", () => { if (/^#(from|to)=/.test(location.hash)) restore(); });
  document.addEventListener("said", show);
  byId("revisions").hidden = false;
  restore();
})();
