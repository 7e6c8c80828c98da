(function () {
  "use strict";
  var data = JSON.parse(document.getElementById("history").textContent);
  var p = data.p, half = Math.floor(p / 2), n = data.epochs.length;
  var frame = document.getElementById("frame"), at = document.getElementById("at");
  function bytes(text) {
    var raw = atob(text), out = new Uint8Array(raw.length);
    for (var i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
    return out;
  }
  var palette = bytes(data.palette);
  function canvas(title, width, height, kind) {
    var figure = document.createElement("figure"), caption = document.createElement("figcaption");
    var made = document.createElement("canvas");
    caption.textContent = title;
    made.width = width; made.height = height;
    if (kind) made.className = kind;
    figure.appendChild(caption); figure.appendChild(made); frame.appendChild(figure);
    return made;
  }
  var planes = data.circles.map(function (k) { return canvas("k " + k, 180, 180); });
  var picture = canvas("correct logit: a + b down, a - b across", p, p, "pixels");
  picture.style.width = picture.style.height = "236px";
  var spectra = Object.keys(data.power).map(function (name) {
    return [name, canvas("power by frequency: " + name, 430, 110)];
  });
  var list = document.createElement("table");
  frame.appendChild(list);

  function plane(made, k, points) {
    var c = made.getContext("2d");
    c.clearRect(0, 0, 180, 180);
    c.font = "11px sans-serif"; c.fillStyle = "#999"; c.textAlign = "center";
    if (!points) { c.fillText("not among the largest six", 90, 94); return; }
    c.fillText("+", 90, 94);
    for (var t = 0; t < p; t++) {
      var x = 90 + points[2 * t] * 0.7, y = 90 - points[2 * t + 1] * 0.7;
      c.fillStyle = data.colours[Math.floor(((k * t) % p) * data.colours.length / p)];
      c.beginPath(); c.arc(x, y, 3, 0, 2 * Math.PI); c.fill();
    }
  }
  function pixels(levels) {
    var c = picture.getContext("2d"), image = c.createImageData(p, p);
    for (var i = 0; i < p * p; i++) {
      for (var j = 0; j < 3; j++) image.data[4 * i + j] = palette[3 * levels[i] + j];
      image.data[4 * i + 3] = levels[i] === 255 ? 0 : 255;
    }
    c.putImageData(image, 0, 0);
  }
  function bars(made, power) {
    var c = made.getContext("2d"), top = Math.max.apply(null, power) || 1, step = 424 / half;
    c.clearRect(0, 0, 430, 110);
    c.font = "10px sans-serif"; c.textAlign = "center";
    for (var i = 0; i < half; i++) {
      var h = power[i] / top * 84, key = data.circles.indexOf(i + 1) >= 0;
      c.fillStyle = key ? "#0072b2" : "#bbbbbb";
      c.fillRect(3 + i * step, 96 - h, Math.max(1, step - 2), h);
      c.fillStyle = "#222";
      if (power[i] > 0.15 * top) c.fillText(String(i + 1), 3 + (i + 0.5) * step, 108);
    }
  }
  function row(cells, tag) {
    var line = document.createElement("tr");
    cells.forEach(function (cell) {
      var made = document.createElement(tag);
      made.textContent = cell;
      line.appendChild(made);
    });
    list.appendChild(line);
  }
  function show(i) {
    document.getElementById("epoch").textContent = "epoch " + data.epochs[i].toLocaleString("en");
    data.circles.forEach(function (k, j) { plane(planes[j], k, data.frames[i].planes[k]); });
    pixels(bytes(data.frames[i].picture));
    spectra.forEach(function (each) { bars(each[1], data.power[each[0]][i]); });
    list.textContent = "";
    row(["measure", "value"], "th");
    Object.keys(data.measures).forEach(function (name) {
      var value = data.measures[name][i];
      row([name.replace(/_/g, " "), value === null ? "-" : String(value)], "td");
    });
  }
  at.max = n - 1;
  at.value = n - 1;
  at.addEventListener("input", function () { show(Number(at.value)); });
  show(n - 1);
})();
