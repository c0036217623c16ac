"use strict";
(() => {
  const main = document.getElementById("source");
  const status = document.getElementById("status");
  const help = document.getElementById("help");
  const pieces = new Map(); // by block, in the text's order
  for (const piece of document.querySelectorAll(".b")) {
    const known = pieces.get(piece.dataset.b);
    if (known) known.push(piece);
    else pieces.set(piece.dataset.b, [piece]);
  }
  const place = new Map(); // of a block among those not executed
  const missing = [...pieces.values()].filter(([first]) => first.classList.contains("h0"));
  missing.forEach(([first], number) => place.set(first.dataset.b, number));
  const atRest = status ? status.textContent : "";
  let at = -1; // in missing
  let stop = document.querySelector('.b[tabindex="0"]'); // the one that the tab key reaches

  const light = (name, piece, on) => {
    for (const one of pieces.get(piece.dataset.b)) one.classList.toggle(name, on);
  };

  const say = (piece) => {
    const number = place.get(piece.dataset.b);
    const which = number === undefined ? "" : `${number + 1} of ${missing.length} not executed: `;
    status.textContent = which + piece.title;
  };

  // All contexts of the block that has the focus, or is pointed at.
  const within = document.getElementById("within");
  const data = document.getElementById("contexts");
  const contexts = data ? JSON.parse(data.textContent) : null;
  const list = () => {
    const piece = document.querySelector(".b:focus, .b.on");
    if (!contexts || !piece || !piece.dataset.c) return;
    const rows = contexts.sets[piece.dataset.c].map((number) => {
      const row = document.createElement("li");
      row.textContent = contexts.names[number];
      return row;
    });
    within.querySelector("ol").replaceChildren(...rows);
    within.showModal();
  };

  // On the list of files: from one to the next.
  const links = status ? [] : [...main.querySelectorAll("tbody a")];
  const walk = (step) => {
    const order = [...main.querySelectorAll("tbody tr:not([hidden]) a")];
    if (!order.length) return;
    const from = order.indexOf(document.activeElement);
    const to = from < 0 ? (step > 0 ? 0 : order.length - 1) : from + step + order.length;
    order[to % order.length].focus();
  };

  // Files whose names have all words; and their total.
  const filter = document.getElementById("filter");
  const choose = () => {
    const words = filter.value.toLowerCase().split(/\s+/);
    let [left, all] = [0, 0];
    for (const link of links) {
      const row = link.closest("tr");
      row.hidden = !words.every((word) => link.title.toLowerCase().includes(word));
      if (row.hidden) continue;
      left += Number(row.children[2].textContent);
      all += Number(row.children[3].textContent);
    }
    const share = all ? Math.floor((100 * (all - left)) / all) : 100;
    const total = main.querySelector("tfoot tr").children;
    total[1].querySelector("meter").value = share;
    total[1].querySelector("span").textContent = `${share}\u00a0%`;
    [total[2].textContent, total[3].textContent] = [left, all];
  };
  if (filter) filter.addEventListener("input", choose);

  const sort = (column, head) => {
    const down = head.getAttribute("aria-sort") === "descending";
    const first = column > 1 ? "descending" : "ascending"; // what needs a look comes first
    const to = head.hasAttribute("aria-sort") ? (down ? "ascending" : "descending") : first;
    for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", to);
    const value = (row) => {
      const cell = row.children[column];
      return column ? Number(cell.dataset.v || cell.textContent) : links.indexOf(cell.firstChild);
    };
    const body = main.querySelector("tbody");
    const rows = [...body.children].sort((a, b) => value(a) - value(b));
    body.append(...(to === "ascending" ? rows : rows.reverse()));
  };
  [...main.querySelectorAll("thead th")].forEach((head, column) => {
    head.firstChild.addEventListener("click", () => sort(column, head));
  });

  const go = (step) => {
    if (links.length) {
      walk(step);
      return;
    }
    if (!missing.length) {
      if (status) status.textContent = "All blocks were executed.";
      return;
    }
    at = (at < 0 ? (step > 0 ? 0 : missing.length - 1) : at + step + missing.length) % missing.length;
    const piece = missing[at][0];
    piece.focus({ preventScroll: true });
    show(piece);
  };

  // Into the upper half, and to the side no further than it takes to see the block.
  const show = (piece) => {
    const box = main.getBoundingClientRect();
    const own = piece.getBoundingClientRect();
    const gutter = piece.closest(".line").querySelector(".gutter").offsetWidth;
    const begin = own.left - box.left + main.scrollLeft;
    const over = begin + own.width + 24 - main.clientWidth;
    main.scrollTo({
      top: main.scrollTop + own.top - box.top - main.clientHeight / 3,
      left: Math.max(0, Math.min(over, begin - gutter - 24)),
    });
  };

  const ask = () => {
    if (!help) return;
    if (help.open) help.close();
    else help.showModal();
  };

  document.addEventListener("focusin", ({ target }) => {
    if (!target.classList.contains("b")) return;
    if (stop) {
      stop.tabIndex = -1;
      light("now", stop, false);
    }
    stop = target;
    stop.tabIndex = 0;
    light("now", stop, true);
    if (place.has(target.dataset.b)) at = place.get(target.dataset.b);
    say(target);
  });
  document.addEventListener("focusout", ({ target }) => {
    if (target.classList.contains("b")) {
      light("now", target, false);
      status.textContent = atRest;
    }
  });
  document.addEventListener("mouseover", ({ target }) => {
    const piece = target.closest(".b");
    if (piece) {
      light("on", piece, true);
      say(piece);
    }
  });
  document.addEventListener("mouseout", ({ target }) => {
    const piece = target.closest(".b");
    if (!piece) return;
    light("on", piece, false);
    const focused = document.activeElement;
    if (focused && focused.classList.contains("b")) say(focused);
    else status.textContent = atRest;
  });

  const keys = {
    j: () => go(1), n: () => go(1),
    k: () => go(-1), p: () => go(-1),
    g: () => { main.scrollTo({ top: 0, left: 0 }); main.focus(); at = -1; },
    u: () => { const up = document.getElementById("up"); if (up) up.click(); },
    c: list,
    "/": () => { if (filter) filter.focus(); },
    "?": ask,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (help && help.open && event.key !== "?") return;
    if ((within && within.open) || event.target === filter) return;
    const act = keys[event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });
  for (const [id, act] of [["next", () => go(1)], ["previous", () => go(-1)], ["ask", ask]]) {
    const button = document.getElementById(id);
    if (button) button.addEventListener("click", act);
  }
})();
