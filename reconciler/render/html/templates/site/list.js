"use strict";
/* The list of accounts: search, filters, order and pages, with their state in the address after the #.

   Everything that comes from the accounts is set as text, never as markup. */

(() => {
  const ROWS_PER_PAGE = 100;
  const FILTERS = ["kind", "status", "matter", "server", "owner", "label"];
  const byId = (id) => document.getElementById(id);

  const found = JSON.parse(byId("found").textContent);
  const accounts = found.rows.map((row) => Object.fromEntries(found.columns.map((name, at) => [name, row[at]])));
  const columns = {
    name: "name", email: "email", displayName: "display_name", kind: "kind", server: "server", status: "status", created: "created",
    verified: "verified",
  };
  const body = byId("accounts").tBodies[0];
  const heads = [...document.querySelectorAll("#accounts th[data-column]")];
  let state = { q: "", kind: "", status: "", matter: "", server: "", owner: "", label: "", sort: "name", page: 1 };
  let ordered = accounts;
  let orderedBy = "";
  let shown = accounts;
  let isPrinting = false;

  /* Letters that Unicode does not take apart into a base letter and a mark. */
  const ALONE = { "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i" };
  function fold(text) {
    return text.toLowerCase().normalize("NFKD").replace(/\p{M}/gu, "").replace(/[łøđðþßæœı]/g, (each) => ALONE[each]);
  }
  for (const account of accounts) {
    account.sought = fold(
      [account.name, account.email, account.address, account.title, account.display_name, account.server, account.host].join("\n"));
  }

  /* --- the state in the address ----------------------------------------------------------------------------------- */

  function readAddress() {
    const told = new URLSearchParams(location.hash.slice(1));
    const sort = told.get("sort") || "name";
    const page = Number(told.get("page"));
    state = {
      q: told.get("q") || "",
      ...Object.fromEntries(FILTERS.map((name) => [name, told.get(name) || ""])),
      sort: sort.replace(/^-/, "") in columns ? sort : "name",
      page: Number.isInteger(page) && page > 0 ? page : 1,
    };
  }

  function writeAddress() {
    const told = [];
    for (const name of ["q", ...FILTERS]) if (state[name]) told.push([name, state[name]]);
    if (state.sort !== "name") told.push(["sort", state.sort]);
    if (state.page > 1) told.push(["page", String(state.page)]);
    /* What may stay as it is after a # stays readable. */
    const written = told.map(([name, value]) =>
      `${name}=${encodeURIComponent(value).replace(/%3D/g, "=").replace(/%40/g, "@").replace(/%2F/g, "/")}`);
    const address = written.length ? `#${written.join("&")}` : location.pathname + location.search;
    if (`#${written.join("&")}` !== (location.hash || "#")) history.replaceState(null, "", address);
  }

  /* --- what is shown ------------------------------------------------------------------------------------------------ */

  /* Ten thousand accounts are put in order once, not at every letter that is typed. */
  function putInOrder() {
    const by = `${state.sort} ${site.tongue()}`;
    if (by === orderedBy) return;
    orderedBy = by;
    const column = columns[state.sort.replace(/^-/, "")];
    const direction = state.sort.startsWith("-") ? -1 : 1;
    const order = new Intl.Collator(site.tongue(), { numeric: true });
    const wording = ["kind", "status"].includes(column) ? (account) => site.text(`${column}.${account[column]}`)
      : (account) => account[column];
    const keys = new Map(accounts.map((account) => [account, wording(account)]));
    ordered = [...accounts].sort((one, other) =>
      direction * order.compare(keys.get(one), keys.get(other)) || order.compare(one.name, other.name));
  }

  function choose() {
    putInOrder();
    const words = fold(state.q).split(/\s+/).filter(Boolean);
    shown = ordered.filter((account) =>
      (!state.kind || account.kind === state.kind) &&
      (!state.status || account.status === state.status) &&
      (!state.matter || account.matters.includes(state.matter)) &&
      (!state.server || account.server === state.server) &&
      (!state.owner || account.owner === state.owner) &&
      (!state.label || account.labels.includes(state.label)) &&
      words.every((word) => account.sought.includes(word)));
  }

  function cell(tag, attributes, ...content) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    made.append(...content);
    return made;
  }
  const span = (className, text, attributes = {}) => cell("span", { class: className, ...attributes }, text);
  const time = (text, zone = "") => cell("time", { datetime: text.replace(" ", "T") + zone }, text);

  function rowOf(account) {
    const link = cell("a", { href: account.path }, account.name);
    const name = cell("th", { scope: "row", role: "rowheader" }, link);
    if (account.title) name.append(document.createElement("br"), span("faint", account.title));
    const status = document.createElement("div");
    status.append(span(`status ${account.status}`, site.text(`status.${account.status}`)));
    if (account.reason_key) status.append(" ", span("why", site.text(account.reason_key)));
    else if (account.reason) status.append(" ", span("why", account.reason, account.is_reason_ours ? { lang: "en" } : {}));
    const verified = document.createElement("div");
    verified.append(account.verified ? time(account.verified, "Z") : site.text("never"));
    if (account.failed) verified.append(" ", cell("span", { class: "why" }, `${site.text("failed")} `, time(account.failed, "Z")));
    const cells = {
      email: account.email,
      displayName: account.display_name,
      kind: site.text(`kind.${account.kind}`),
      server: account.server,
      status,
      created: time(account.created),
      verified,
    };
    const labelled = Object.entries(cells).map(([column, content]) =>
      cell("td", { role: "cell", "data-label": site.text(`column.${column}`) }, content));
    return cell("tr", { role: "row" }, name, ...labelled);
  }

  function fill() {
    const pages = Math.max(1, Math.ceil(shown.length / ROWS_PER_PAGE));
    state.page = Math.min(state.page, pages);
    const first = (state.page - 1) * ROWS_PER_PAGE;
    /* Paper has no second page to turn to: printing takes all that was found. */
    const rows = isPrinting ? shown : shown.slice(first, first + ROWS_PER_PAGE);
    body.replaceChildren(...rows.map(rowOf));
    byId("pager").hidden = pages === 1;
    byId("where").textContent = site.text("where", { n: state.page, total: pages });
    byId("previous").setAttribute("aria-disabled", String(state.page === 1));
    byId("next").setAttribute("aria-disabled", String(state.page === pages));
    byId("nothing").hidden = shown.length > 0;
  }

  function announce() {
    const isAll = shown.length === accounts.length;
    const told = site.text(isAll ? "count.all" : "count.some", { n: shown.length, total: accounts.length });
    /* Set only where it differs: a screen reader would say the same again. */
    if (byId("count").textContent !== told) byId("count").textContent = told;
  }

  function markOrder() {
    const column = state.sort.replace(/^-/, "");
    for (const head of heads) {
      if (head.dataset.column === column) {
        head.setAttribute("aria-sort", state.sort.startsWith("-") ? "descending" : "ascending");
      } else head.removeAttribute("aria-sort");
    }
  }

  function show() {
    choose();
    fill();
    announce();
    markOrder();
    writeAddress();
  }

  function showControls() {
    byId("q").value = state.q;
    for (const name of FILTERS) {
      byId(name).value = state[name];
      /* A value that no account has any more stays in force and has to be seen. */
      if (byId(name).value !== state[name]) {
        byId(name).append(cell("option", { value: state[name] }, state[name]));
        byId(name).value = state[name];
      }
    }
  }

  /* --- what people do ------------------------------------------------------------------------------------------------- */

  function change(changes) {
    state = { ...state, page: 1, ...changes };
    show();
  }

  function turn(step) {
    const pages = Math.max(1, Math.ceil(shown.length / ROWS_PER_PAGE));
    const page = state.page + step;
    if (page < 1 || page > pages) return;
    change({ page });
    byId("accounts").scrollIntoView({ block: "start" });
  }

  function offer(id, values) {
    const order = new Intl.Collator(site.tongue(), { numeric: true });
    byId(id).append(...[...new Set(values)].filter(Boolean).sort(order.compare)
      .map((value) => cell("option", { value }, value)));
  }

  offer("server", accounts.map((account) => account.server));
  offer("owner", accounts.map((account) => account.owner));
  offer("label", accounts.flatMap((account) => account.labels));
  for (const head of heads) {
    const column = head.dataset.column;
    const button = cell("button", { type: "button" }, ...head.childNodes);
    button.addEventListener("click", () => change({ sort: state.sort === column ? `-${column}` : column }));
    head.append(button);
  }
  byId("q").addEventListener("input", () => change({ q: byId("q").value }));
  for (const name of FILTERS) byId(name).addEventListener("change", () => change({ [name]: byId(name).value }));
  byId("clear").addEventListener("click", () => {
    change({ q: "", ...Object.fromEntries(FILTERS.map((name) => [name, ""])) });
    showControls();
    byId("q").focus();
  });
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("previous").addEventListener("click", () => turn(-1));
  byId("next").addEventListener("click", () => turn(1));
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input, select, textarea");
    if (event.key === "/" && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      byId("q").focus();
      byId("q").select();
    }
    if (event.key === "Escape" && event.target === byId("q")) {
      event.preventDefault();
      byId("q").value = "";
      change({ q: "" });
    }
  });
  function restore() {
    readAddress();
    showControls();
    show();
  }
  addEventListener("hashchange", () => {
    /* The skip link leads to a place on the page, which is no state of the list: that goes back into the address. */
    if (/^#[a-z]+$/.test(location.hash)) writeAddress();
    else {
      restore();
      byId("list").scrollIntoView({ block: "start" });
    }
  });
  document.addEventListener("said", show);
  function print(isNow) {
    if (isPrinting === isNow) return;
    isPrinting = isNow;
    fill();
  }
  addEventListener("beforeprint", () => print(true));
  addEventListener("afterprint", () => print(false));

  byId("filters").hidden = false;
  restore();
})();
