"use strict";
(function () {
  const report = JSON.parse(document.getElementById("report-data").textContent);
  const settings = { responsive: true, displayModeBar: false };
  const font = { family: "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif", size: 12, color: "#1a1a1a" };
  const base = {
    font: font,
    paper_bgcolor: "#fff",
    plot_bgcolor: "#fff",
    margin: { l: 60, r: 24, t: 30, b: 48 },
    legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", xanchor: "left" },
    hovermode: "closest",
  };
  const drawn = [];

  function draw(element, data, layout) {
    Plotly.react(element, data, Object.assign({}, base, layout), settings);
    if (!drawn.includes(element)) drawn.push(element);
  }

  for (const element of document.querySelectorAll(".plot")) {
    const figure = report.figures[Number(element.dataset.figure)];
    draw(element, figure.data, figure.layout);
  }

  // Paper is narrower than most windows: charts take its width while a page is printed.
  window.addEventListener("beforeprint", function () {
    for (const element of drawn) Plotly.relayout(element, { width: Math.min(660, element.clientWidth || 660), autosize: false });
  });
  window.addEventListener("afterprint", function () {
    for (const element of drawn) Plotly.relayout(element, { width: null, autosize: true });
  });

  if (report.maps) showMaps(report.maps);

  function showMaps(maps) {
    const panels = ["truth", "forecast", "width", "error"].filter((name) => document.getElementById("map-" + name));
    const variable = document.getElementById("map-variable");
    const cases = document.getElementById("map-cases");
    const horizon = document.getElementById("map-horizon");

    // plotly reads markup in its texts, elements don't
    function inert(text) {
      return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
    }

    maps.variables.forEach(function (found, index) {
      variable.add(new Option(found.label, String(index)));
    });
    document.getElementById("map-variable-label").hidden = maps.variables.length < 2;

    function listCases() {
      const chosen = chosenCase();
      for (const label of cases.querySelectorAll("label")) label.remove();
      maps.variables[variable.value].cases.forEach(function (found, index) {
        const label = document.createElement("label");
        const radio = document.createElement("input");
        radio.type = "radio";
        radio.name = "map-case";
        radio.value = String(index);
        radio.checked = index === chosen;
        label.append(radio, " " + found.label);
        cases.append(label);
      });
      if (!cases.querySelector(":checked")) cases.querySelector("input").checked = true;
      const frames = maps.variables[variable.value].cases[0].frames.length;
      horizon.max = String(frames - 1);
      document.getElementById("map-horizon-label").hidden = frames < 2;
    }

    function chosenCase() {
      const checked = cases.querySelector(":checked");
      return checked ? Number(checked.value) : 0;
    }

    function show() {
      const found = maps.variables[variable.value];
      const frame = found.cases[chosenCase()].frames[Number(horizon.value)];
      document.getElementById("map-caption").textContent = found.label + ": " + frame.caption;
      document.getElementById("map-horizon-value").textContent = String(frame.horizon);
      horizon.setAttribute("aria-valuetext", "horizon " + frame.horizon);
      for (const name of panels) {
        drawMap(document.getElementById("map-" + name), name, found, frame);
      }
    }

    function drawMap(element, name, found, frame) {
      const span = found.ranges[name];
      const height = mapHeight(element.clientWidth);
      element.style.height = height + "px";
      const trace = {
        type: "heatmap",
        x: maps.x,
        y: maps.y,
        z: decode(frame[name], span),
        zmin: found.colours[name][0],
        zmax: found.colours[name][1],
        colorscale: name === "error" ? maps.diverging : maps.sequential,
        hoverongaps: false,
        hovertemplate: "%{y}, %{x}: %{z:.4g} " + inert(found.units) + "<extra></extra>",
        colorbar: { title: { text: inert(found.units || found.name), side: "top" }, thickness: 14, len: 1 },
      };
      const layout = {
        margin: { l: 54, r: 8, t: 8, b: 46 },
        plot_bgcolor: "#b4b4b4",
        xaxis: { title: { text: maps.xTitle }, constrain: "domain", showgrid: false, zeroline: false, ticks: "outside" },
        yaxis: {
          title: { text: maps.yTitle },
          scaleanchor: "x",
          constrain: "domain",
          autorange: maps.rowsDown ? "reversed" : true,
          showgrid: false,
          zeroline: false,
          ticks: "outside",
        },
      };
      draw(element, [trace], layout);
    }

    function mapHeight(width) {
      const across = Math.abs(maps.x[maps.x.length - 1] - maps.x[0]) || 1;
      const along = Math.abs(maps.y[maps.y.length - 1] - maps.y[0]) || 1;
      return Math.round(Math.min(460, Math.max(170, 54 + (width - 140) * along / across)));
    }

    function decode(code, span) {
      const bytes = Uint8Array.from(atob(code), (character) => character.charCodeAt(0));
      const step = (span[1] - span[0]) / (maps.missing - 1);
      const rows = [];
      for (let row = 0; row < maps.y.length; row++) {
        const values = [];
        for (let column = 0; column < maps.x.length; column++) {
          const at = 2 * (row * maps.x.length + column);
          const value = bytes[at] + 256 * bytes[at + 1];
          values.push(value === maps.missing ? null : span[0] + value * step);
        }
        rows.push(values);
      }
      return rows;
    }

    variable.addEventListener("change", function () {
      listCases();
      show();
    });
    cases.addEventListener("change", show);
    horizon.addEventListener("input", show);
    document.querySelector(".map-controls").addEventListener("submit", (event) => event.preventDefault());
    listCases();
    show();
  }
})();
