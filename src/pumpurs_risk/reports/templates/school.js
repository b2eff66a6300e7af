"use strict";
(() => {
  const lang = document.documentElement.lang;
  const today = new Date();
  const two = (n) => String(n).padStart(2, "0");
  const day = today.getFullYear() + "-" + two(today.getMonth() + 1) + "-" + two(today.getDate());
  if (day > document.body.dataset.expires) document.getElementById("expired").hidden = false;

  const table = document.querySelector("table.pupils");
  if (!table) return;
  const pupils = [...table.tBodies];
  const form = document.querySelector("form.filter");
  const shown = form.querySelector("[role=status]");
  const field = (key) => form.querySelector("[data-key=" + key + "]");
  const plain = (s) => s.normalize("NFD").replace(/\p{M}/gu, "").toLocaleLowerCase(lang);
  const texts = new Map();
  const textOf = (pupil) => {
    if (!texts.has(pupil)) texts.set(pupil, plain(pupil.textContent.replace(/\s+/g, " ")));
    return texts.get(pupil);
  };

  // Phones show rows as blocks, which some browsers then no longer read aloud as a table.
  table.setAttribute("role", "table");
  for (const part of [table.tHead, ...pupils]) part.setAttribute("role", "rowgroup");
  for (const row of pupils.flatMap((pupil) => [...pupil.rows]).concat([...table.tHead.rows])) {
    row.setAttribute("role", "row");
    for (const cell of row.cells) {
      cell.setAttribute("role", cell.tagName === "TD" ? "cell" : cell.scope === "col" ? "columnheader" : "rowheader");
    }
  }

  for (const bar of table.querySelectorAll("svg")) bar.setAttribute("aria-hidden", "true");

  const filter = () => {
    const wanted = ["class", "status", "certainty", "change"].map((key) => [key, field(key) ? field(key).value : ""]);
    const words = plain(field("search").value).split(/\s+/).filter(Boolean);
    let n = 0;
    for (const pupil of pupils) {
      const fits = wanted.every(([key, value]) => !value || pupil.dataset[key] === value) &&
        words.every((word) => textOf(pupil).includes(word));
      pupil.hidden = !fits;
      n += fits;
    }
    shown.textContent = shown.dataset.said.replace("#n", n).replace("#all", pupils.length);
  };

  const collator = new Intl.Collator(lang, { numeric: true });
  const rank = (key, value) => { // options stand in the order of the words' meaning; what has no word comes last
    const found = field(key) ? [...field(key).options].findIndex((option) => option.value === value) : 0;
    return found < 0 ? "" : String(found);
  };
  const valueOf = (pupil, key) => {
    if (key === "name") return pupil.rows[0].cells[0].textContent;
    if (key === "class" || key === "due") return pupil.dataset[key];
    return rank(key, pupil.dataset[key]);
  };
  const heads = [...table.tHead.querySelectorAll("button[data-sort]")];
  const sort = (key, down) => {
    const sorted = [...pupils];
    if (key) {
      const empty = (v) => v === "" || v === null;
      sorted.sort((a, b) => {
        const [x, y] = [valueOf(a, key), valueOf(b, key)];
        if (empty(x) || empty(y)) return empty(x) - empty(y);
        return (down ? -1 : 1) * collator.compare(x, y);
      });
    }
    table.append(...sorted);
    for (const head of heads) {
      const cell = head.closest("th");
      cell.setAttribute("aria-sort", head.dataset.sort === key ? (down ? "descending" : "ascending") : "none");
    }
    field("sort").value = key;
  };
  for (const head of heads) {
    head.addEventListener("click", () => {
      const up = head.closest("th").getAttribute("aria-sort") === "ascending";
      sort(head.dataset.sort, up);
    });
  }
  field("sort").addEventListener("change", (event) => sort(event.target.value, false));
  form.addEventListener("input", filter);
  form.addEventListener("change", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => { filter(); sort("", false); }));

  const all = form.querySelector("button[data-open]");
  all.addEventListener("click", () => {
    const open = all.textContent === all.dataset.open;
    for (const pupil of pupils) if (!open || !pupil.hidden) pupil.querySelector("details").open = open;
    all.textContent = open ? all.dataset.close : all.dataset.open;
  });

  const visit = () => {
    const page = /^#p\d+$/.test(location.hash) && document.getElementById(location.hash.slice(1));
    if (!page) return;
    const pupil = page.closest("tbody");
    if (pupil.hidden) { form.reset(); for (const other of pupils) other.hidden = false; }
    page.closest("details").open = true;
    pupil.scrollIntoView();
    pupil.querySelector("summary").focus({ preventScroll: true });
  };
  addEventListener("hashchange", visit);
  for (const link of document.querySelectorAll('a[href^="#p"]')) {
    link.addEventListener("click", () => { if (link.hash === location.hash) visit(); });
  }
  visit();

  table.addEventListener("click", (event) => {
    if (!event.target.closest("button.print")) return;
    const pupil = event.target.closest("tbody");
    document.documentElement.classList.add("print-one");
    pupil.classList.add("printed");
    print();
  });
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details.more:not([open])")];
    for (const more of opened) more.open = true;
  });
  addEventListener("afterprint", () => {
    for (const more of opened) more.open = false;
    document.documentElement.classList.remove("print-one");
    for (const pupil of pupils) pupil.classList.remove("printed");
  });
})();
