"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];

  // Light and dark: starts with the system's choice, remembers the reader's.
  const toggle = document.querySelector(".theme");
  const isDark = () => root.dataset.theme
    ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const name = () => { toggle.textContent = isDark() ? "Light" : "Dark"; };
  name();
  toggle.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try { localStorage.setItem("mercer-theme", root.dataset.theme); } catch (error) { /* not remembered then */ }
    name();
  });

  // Tooltips: the pictures' own titles, shown at once and on touch.
  const tip = document.getElementById("tip");
  let shown = null;
  const hide = () => { tip.hidden = true; shown = null; };
  const show = (event) => {
    const hit = event.target.closest && event.target.closest(".hit");
    if (!hit) { if (shown) hide(); return; }
    if (hit !== shown) {
      // The native tooltip would come a second later and say it again.
      const title = hit.querySelector("title");
      if (title) { hit.dataset.tip = title.textContent; title.remove(); }
      tip.textContent = hit.dataset.tip || "";
      shown = hit;
      tip.hidden = false;
    }
    const box = tip.getBoundingClientRect();
    const x = Math.min(Math.max(8, event.clientX + 14), innerWidth - box.width - 8);
    const below = event.clientY + 18;
    const y = below + box.height > innerHeight ? event.clientY - box.height - 12 : below;
    tip.style.transform = `translate(${Math.round(x)}px, ${Math.round(Math.max(4, y))}px)`;
  };
  document.addEventListener("pointermove", show);
  document.addEventListener("pointerdown", show);
  document.addEventListener("scroll", hide, { passive: true, capture: true });
  document.addEventListener("pointerleave", hide);

  // Tables: sort by a column, download as CSV.
  const raw = (cell) => cell.dataset.v ?? cell.textContent;
  for (const table of all("table")) {
    const bodies = [...table.tBodies];
    const first = bodies[0].rows.length;
    all("th", table).forEach((head, index) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const numeric = head.classList.contains("num");
        const now = head.getAttribute("aria-sort");
        // Numbers start with the largest, words with A.
        const up = now ? now === "descending" : !numeric;
        all("th", table).forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const rows = bodies.flatMap((body) => [...body.rows]);
        const key = new Map(rows.map((row) => [row, row.cells[index].dataset.k ?? raw(row.cells[index])]));
        rows.sort((a, b) => {
          const [x, y] = [key.get(a), key.get(b)];
          // What is missing comes last either way.
          if (x === "" || y === "") return (x === "") - (y === "");
          const order = numeric ? x - y : x.localeCompare(y, undefined, { numeric: true });
          return up ? order : -order;
        });
        rows.forEach((row, place) => (place < first ? bodies[0] : bodies[1]).append(row));
      });
    });
  }
  const quoted = (text, words) => {
    // A spreadsheet would run words that begin like a formula.
    const safe = words && /^[=+\-@\t\r]/.test(text) ? "'" + text : text;
    return /[",\n\r]/.test(safe) ? '"' + safe.replaceAll('"', '""') + '"' : safe;
  };
  for (const button of all(".csv")) {
    button.addEventListener("click", () => {
      const table = button.closest(".figures").querySelector("table");
      const lines = [all("th", table).map((head) => quoted(head.dataset.name, true))];
      for (const row of all("tbody tr", table)) {
        lines.push([...row.cells].map((cell) => quoted(raw(cell), cell.dataset.v === undefined)));
      }
      // The mark in front tells spreadsheets that this is UTF-8.
      const text = "\ufeff" + lines.map((line) => line.join(",")).join("\r\n") + "\r\n";
      const link = document.createElement("a");
      link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
      link.download = button.dataset.file;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    });
  }

  // Links to findings copy themselves.
  for (const link of all(".anchor")) {
    link.addEventListener("click", () => {
      if (!navigator.clipboard) return;
      navigator.clipboard.writeText(link.href).then(() => {
        link.textContent = "copied";
        setTimeout(() => { link.textContent = "#"; }, 1200);
      }, () => {});
    });
  }

  // The contents show where the reader is.
  const places = all("nav a").map((link) => [link, document.getElementById(link.hash.slice(1))]);
  const mark = () => {
    let here = places[0];
    for (const place of places) if (place[1] && place[1].getBoundingClientRect().top < innerHeight / 3) here = place;
    for (const [link] of places) link.toggleAttribute("aria-current", here && link === here[0]);
  };
  if (places.length) { mark(); document.addEventListener("scroll", mark, { passive: true }); }
})();
