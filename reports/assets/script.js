(() => {
  "use strict";
  const form = document.getElementById("filters");
  const rows = [...document.querySelectorAll(".cases tbody tr")].map((row) => ({
    row, text: row.textContent.toLowerCase(), ...row.dataset,
  }));
  const value = (id) => document.getElementById(id).value;
  const shown = document.getElementById("shown");

  const filter = () => {
    const words = value("search").toLowerCase().split(/\s+/).filter(Boolean);
    const status = value("status"), op = value("op"), tag = value("tag"), cls = value("class");
    let count = 0;
    for (const r of rows) {
      const fits = (!status || r.status === status) && (!op || r.ops.includes(`|${op}|`)) &&
        (!tag || r.tags.includes(`|${tag}|`)) && (!cls || r.class === cls) &&
        words.every((word) => r.text.includes(word));
      if (r.row.hidden === fits) r.row.hidden = !fits;
      count += fits;
    }
    shown.textContent = `${count} of ${rows.length} shown`;
  };

  let waiting = 0;
  form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 60); });
  form.addEventListener("reset", () => setTimeout(filter, 0));
  form.addEventListener("submit", (event) => event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    event.preventDefault();
    document.getElementById("search").focus();
  });

  const open = () => {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") {
      target.open = true;
      target.scrollIntoView();
    }
  };
  window.addEventListener("hashchange", open);

  form.hidden = false;
  filter();
  open();
})();
