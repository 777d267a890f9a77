"use strict";
(() => {
  const STEP = 50;
  const byId = (id) => document.getElementById(id);
  const data = JSON.parse(byId("instance-data").textContent);
  const table = byId("instance-table");
  const level = new Map([...data.alphabet].map((char, index) => [char, index]));
  const top = data.alphabet.length - 1;
  const texts = new Array(data.id.length);
  const shownMaps = data.maps.map(() => true);
  let order = data.id.map((_, row) => row);
  let sorted = { column: null, down: true };
  let shown = STEP;

  const columns = [
    { heading: "id", hint: "number of the instance", values: data.id },
    { heading: "label", hint: "the right class", classes: data.label },
    { heading: "predicted", hint: "class, with its probability", classes: data.predicted, values: data.before },
  ];
  if (data.after.some((value) => value !== null)) {
    columns.push({ heading: "under adversary", hint: "class predicted under the adversarial attention, and the probability of the class predicted before", values: data.after });
  }
  columns.push(...data.numbers);

  function element(name, text, className) {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (className) made.className = className;
    return made;
  }

  function textOf(row) {
    if (texts[row] === undefined) {
      const words = data.tokens[row].map((token) => data.vocabulary[token]);
      texts[row] = [data.question ? data.question[row] : "", ...words].join(" ").toLowerCase();
    }
    return texts[row];
  }

  function className(index) {
    return index === null || index < 0 ? "unknown" : data.classes[index] ?? `class ${index}`;
  }

  function cell(column, row) {
    if (column.heading === "id" && !column.key) {
      const head = element("th", String(data.id[row]));
      head.scope = "row";
      return head;
    }
    if (column.heading === "label" && !column.key) {
      return element("td", className(data.label[row]), "class");
    }
    if (column.heading === "predicted" && !column.key) {
      const wrong = data.label[row] >= 0 && data.label[row] !== data.predicted[row];
      const name = className(data.predicted[row]) + (wrong ? " (wrong)" : "");
      return element("td", `${name} ${number(data.before[row])}`, wrong ? "class wrong" : "class");
    }
    if (column.heading === "under adversary" && !column.key) {
      if (data.after[row] === null) return element("td", "–", "class");
      const name = className(data.after_class[row]);
      if (data.after_class[row] === data.predicted[row]) {
        return element("td", `${name} ${number(data.after[row])}`, "class");
      }
      return element("td", `${name} (${className(data.predicted[row])} ${number(data.after[row])})`, "class wrong");
    }
    const value = column.values[row];
    return element("td", column.key === "length" ? String(value) : number(value));
  }

  function number(value) {
    if (value === null || value === undefined) return "–";
    return value.toFixed(3).replace("-", "−");
  }

  function heatMap(map, row) {
    const line = element("div", undefined, "map");
    const largest = map.largest[row];
    const codes = map.levels[row];
    const words = element("div", undefined, "words");
    words.dir = "auto";
    words.dataset.largest = largest;
    if (!codes) {
      line.append(element("span", map.name, "map-name"), element("span", "not measured for this instance", "map-name"));
      return line;
    }
    const evidence = new Set(data.evidence ? data.evidence[row] : []);
    data.tokens[row].forEach((token, place) => {
      const word = element("span", data.vocabulary[token]);
      const share = level.get(codes[place]) / top;
      if (share > 0) word.style.setProperty("--w", share.toFixed(2));
      if (evidence.has(place)) word.className = "evidence";
      word.dataset.share = share.toFixed(3);
      words.append(word, " ");
    });
    line.append(element("span", `${map.name} (${Number(largest.toPrecision(2))})`, "map-name"), words);
    return line;
  }

  function body(row) {
    const part = document.createElement("tbody");
    const first = document.createElement("tr");
    first.append(...columns.map((column) => cell(column, row)));
    const second = document.createElement("tr");
    const maps = element("td", undefined, "maps");
    maps.colSpan = columns.length;
    if (data.question) {
      const question = element("p", data.question[row], "question");
      question.dir = "auto";
      maps.append(question);
    }
    if (data.candidates) {
      maps.append(element("p", `Possible answers: ${data.candidates[row].map(className).join(", ")}`, "note"));
    }
    maps.append(...data.maps.filter((_, index) => shownMaps[index]).map((map) => heatMap(map, row)));
    const length = data.numbers.find((column) => column.key === "length").values[row];
    if (data.cut && length > data.cut) {
      maps.append(element("p", `Abridged: the first ${data.cut} of ${length} tokens.`, "note"));
    }
    second.append(maps);
    part.append(first, second);
    return part;
  }

  function matching() {
    const chosen = byId("filter-class").value;
    const wrong = byId("filter-wrong").checked;
    const wanted = byId("filter-text").value.trim().toLowerCase();
    return order.filter((row) =>
      (chosen === "" || data.predicted[row] === Number(chosen)) &&
      (!wrong || (data.label[row] >= 0 && data.label[row] !== data.predicted[row])) &&
      (!wanted || textOf(row).includes(wanted)));
  }

  function redraw() {
    const rows = matching();
    table.querySelectorAll("tbody").forEach((part) => part.remove());
    draw(rows, 0);
  }

  function draw(rows, from) {
    const end = Math.min(shown, rows.length);
    const made = document.createDocumentFragment();
    for (let index = from; index < end; index += 1) made.append(body(rows[index]));
    table.append(made);
    const all = rows.length === data.id.length ? "" : ` that match (of ${data.id.length.toLocaleString("en")})`;
    byId("instance-status").textContent =
      `Showing ${end.toLocaleString("en")} of ${rows.length.toLocaleString("en")} instances${all}.`;
    byId("show-more").hidden = end >= rows.length;
  }

  function sortBy(column, head) {
    const down = sorted.column === column ? !sorted.down : column.heading !== "id" && !column.classes;
    sorted = { column, down };
    const values = column.values && !(column.heading === "predicted") ? column.values : column.classes;
    const keys = column.heading === "predicted"
      ? data.id.map((_, row) => data.predicted[row] + data.before[row] / 2)
      : values;
    order = data.id.map((_, row) => row).sort((a, b) => {
      const x = keys[a], y = keys[b];
      if (x === null || y === null) return (x === null) - (y === null) || a - b;
      return (down ? y - x : x - y) || a - b;
    });
    byId("instance-head").querySelectorAll("th").forEach((other) => other.setAttribute("aria-sort", "none"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    shown = STEP;
    redraw();
  }

  for (const column of columns) {
    const head = element("th", undefined, column.classes || column === columns[3] && !column.key ? "class" : "");
    head.scope = "col";
    head.setAttribute("aria-sort", "none");
    const button = element("button", column.heading);
    button.type = "button";
    button.title = `${column.hint}; sorts the table`;
    button.addEventListener("click", () => sortBy(column, head));
    head.append(button);
    byId("instance-head").append(head);
  }
  data.classes.forEach((name, index) => {
    const option = element("option", name);
    option.value = String(index);
    byId("filter-class").append(option);
  });
  data.maps.forEach((map, index) => {
    const choice = element("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.checked = true;
    box.addEventListener("change", () => { shownMaps[index] = box.checked; redraw(); });
    choice.append(box, ` ${map.name}`);
    byId("map-choice").append(choice);
  });
  byId("instance-filters").addEventListener("submit", (event) => event.preventDefault());
  for (const id of ["filter-class", "filter-wrong"]) {
    byId(id).addEventListener("change", () => { shown = STEP; redraw(); });
  }
  let waiting;
  byId("filter-text").addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { shown = STEP; redraw(); }, 150);
  });
  byId("show-more").addEventListener("click", () => {
    const from = shown;
    shown += STEP;
    draw(matching(), from);
  });
  table.addEventListener("pointerover", (event) => {
    const word = event.target;
    if (word.dataset && word.dataset.share !== undefined && !word.title) {
      const weight = Number(word.dataset.share) * Number(word.parentElement.dataset.largest);
      word.title = `about ${Number(weight.toPrecision(2))}`;
    }
  });
  redraw();
})();
