// One generic player: keeps keyed SVG nodes and patches them.  It knows nothing about Kafka.
//
// In:  custom messages {seq, size, say, cut, patch, keys if they change} and, in the synced trait
//      `scene`, a whole picture {…, full: true, title, keys}, renewed each second and at rest.  A view
//      that came late or lost a message waits for the next whole picture: it never asks, for a
//      blocked cell cannot answer.
// Out: {action: words} for a click or key, {width: px} when the page gives another width.  The actions
//      "full" and "visit FILE" stay here: only the page can fill the window or open a notebook.
// Read next: lab/scenes/diff.py, which defines a patch; lab/widgets/player_widget.py, which sends it.

const NS = "http://www.w3.org/2000/svg";
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const QUEUE_MAX = 60; // of a hidden page, which draws nothing: then a whole picture replaces them

function setAttributes(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null) node.removeAttribute(name);
    else node.setAttribute(name, value);
  }
}

// The nodes of one picture, by key.  Nodes are kept as long as their key is, so CSS can move them.
class Picture {
  constructor(svg) {
    this.svg = svg;
    this.nodes = new Map();
  }

  clear() {
    this.svg.replaceChildren();
    this.nodes.clear();
  }

  apply({ d, a, m, u }) {
    for (const key of d) {
      this.nodes.get(key)?.remove();
      this.nodes.delete(key);
    }
    for (const [key, parent, tag, attributes, words, after] of a) {
      const node = document.createElementNS(NS, tag);
      setAttributes(node, attributes);
      if (words !== null) node.textContent = words; // a text node, never markup: words are data
      node.klKey = key;
      this.nodes.set(key, node);
      this.place(node, parent, after);
    }
    for (const [key, parent, after] of m) this.place(this.nodes.get(key), parent, after);
    for (const [key, attributes, words] of u) {
      const node = this.nodes.get(key);
      setAttributes(node, attributes);
      if (words !== undefined) node.textContent = words;
    }
  }

  place(node, parent, after) {
    if (after !== null) this.nodes.get(after).after(node);
    else (parent ? this.nodes.get(parent) : this.svg).prepend(node);
  }
}

// A group `data-arrows` of many things alike is one tab stop: the first, or where focus was last.
// Arrow keys go through it: in order ("line"), to the nearest that way ("plane"), or in order to the
// sides and to the nearest above and below ("rows").

function setStop(set, item) {
  for (const each of set.querySelectorAll('[tabindex="0"]')) each.setAttribute("tabindex", -1);
  item.setAttribute("tabindex", 0);
}

function arrange(root) {
  for (const set of root.querySelectorAll("[data-arrows]")) {
    const isOne = set.querySelector('[tabindex="-1"]') !== null; // else each is a stop by itself
    if (isOne && !set.querySelector('[tabindex="0"]')) setStop(set, set.querySelector("[tabindex]"));
  }
}

function neighbour(set, item, [right, down]) {
  const items = [...set.querySelectorAll("[tabindex]")];
  if (set.dataset.arrows === "rows" && right) return items[items.indexOf(item) + right];
  if (set.dataset.arrows === "line") return items[items.indexOf(item) + right + down];
  const middle = node => {
    const box = node.getBoundingClientRect();
    return [box.x + box.width / 2, box.y + box.height / 2];
  };
  const [x, y] = middle(item);
  let [nearest, least] = [undefined, Infinity];
  for (const each of items) {
    const [dx, dy] = [middle(each)[0] - x, middle(each)[1] - y];
    const along = dx * right + dy * down;
    const far = along + 3 * (Math.abs(dx * down) + Math.abs(dy * right));
    if (along > 1 && far < least) [nearest, least] = [each, far];
  }
  return nearest;
}

// Which messages to draw: patches in sequence; whole pictures only when they are needed.
class Sequence {
  constructor() {
    this.last = -1;
    this.isLost = false;
  }

  accepts(message) {
    const isNeeded = message.full
      ? message.seq > this.last || this.isLost
      : !this.isLost && message.seq === this.last + 1;
    if (isNeeded) {
      this.last = message.seq;
      this.isLost = false;
    } else if (!message.full && message.seq > this.last) {
      this.isLost = true;
    }
    return isNeeded;
  }
}

function build(model) {
  const root = document.createElement("section");
  root.className = "kl";
  root.tabIndex = 0;
  root.dataset.testid = model.get("name");
  root.dataset.lmSuppressShortcuts = "true"; // JupyterLab's, which would take Enter and arrows
  const svg = document.createElementNS(NS, "svg");
  svg.setAttribute("class", "kl");
  svg.setAttribute("role", "group");
  const live = document.createElement("p");
  live.className = "kl-sr";
  live.setAttribute("aria-live", "polite");
  root.append(svg, live);
  return { root, svg, live };
}

function render({ model, el }) {
  const { root, svg, live } = build(model);
  el.append(root);
  const picture = new Picture(svg);
  const sequence = new Sequence();
  let keys = {};
  let queue = [];
  let isScheduled = false;

  function show(message) {
    root.classList.toggle("kl-still", Boolean(message.cut || message.full));
    if (message.full) {
      picture.clear();
      root.setAttribute("aria-label", message.title);
    }
    keys = message.keys ?? keys;
    const [width, height] = message.size;
    const box = `0 0 ${width} ${height}`; // set anew, even the same one lays out every shape again
    if (svg.getAttribute("viewBox") !== box) svg.setAttribute("viewBox", box);
    picture.apply(message.patch);
    if (live.textContent !== message.say) live.textContent = message.say;
    root.dataset.rev = message.seq; // changes after each draw: tests wait on it
  }

  // At most once an animation frame, and then everything that has come.
  function draw() {
    isScheduled = false;
    const start = performance.now();
    const messages = queue;
    const focused = root.contains(document.activeElement) ? document.activeElement : null;
    const set = focused?.closest("[data-arrows]")?.klKey;
    queue = [];
    for (const message of messages) if (sequence.accepts(message)) show(message);
    arrange(root);
    if (focused && document.activeElement !== focused) giveBack(focused.klKey, set);
    globalThis.klDrawn?.push([start, performance.now() - start]); // a test may count
  }

  // Focus, to what had it; if that is gone to what stands beside it, else to the picture.
  function giveBack(key, set) {
    const same = picture.nodes.get(key);
    const beside = picture.nodes.get(set)?.querySelector('[tabindex="0"]');
    const target = same?.hasAttribute("tabindex") ? same : (beside ?? root);
    target.focus({ preventScroll: true });
  }

  function take(message) {
    if (!message?.patch) return;
    if (message.full && queue.length > QUEUE_MAX) {
      queue = [];
      sequence.isLost = true;
    }
    queue.push(message);
    if (!isScheduled) {
      isScheduled = true;
      requestAnimationFrame(draw);
    }
  }

  const takeWhole = () => take(model.get("scene"));
  model.on("msg:custom", take);
  model.on("change:scene", takeWhole);
  takeWhole();

  function actionOf(event) {
    const target = event.target.closest("[data-action]");
    if (event.type === "click") return target?.dataset.action;
    if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
    const isPress = event.key === "Enter" || event.key === " ";
    if (isPress && target) return event.repeat ? "" : target.dataset.action;
    return move(event) ? "" : keys[event.key];
  }

  // By an arrow key through a set; at its upper and lower end the key is the page's.
  function move(event) {
    const set = event.target.closest("[data-arrows]");
    const way = ARROWS[event.key];
    if (!set || !way) return false;
    const next = neighbour(set, event.target, way);
    next?.focus();
    return next !== undefined || way[0] !== 0;
  }

  function act(event) {
    const action = isScroll(event) ? "" : actionOf(event);
    if (action === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    if (action === "full") fill();
    else if (action.startsWith("visit ")) openFile(action.slice(6));
    else if (action) model.send({ action });
  }

  // A page too narrow for the picture scrolls: Shift and an arrow key, as nothing else is free.
  function isScroll({ shiftKey, key }) {
    const right = shiftKey && root.scrollWidth > root.clientWidth ? (ARROWS[key]?.[0] ?? 0) : 0;
    root.scrollLeft += right * 0.6 * root.clientWidth;
    return right !== 0;
  }

  // Another notebook beside this one.  A link to it on the page knows best how (JupyterLab opens a
  // tab of its own); where there is none, the address next to this page's.
  function openFile(name) {
    const isTo = (link) => link.pathname?.endsWith(`/${name}`);
    const link = [...document.querySelectorAll("a[href]")].find(isTo);
    if (link) link.click();
    else window.open(new URL(name, location.href), "_blank");
  }

  // The whole window, for a projector; again, or Escape, and it is a part of the page as before.
  // What belongs to the picture (a bench's command line) stands in a box `kl-window` with it.
  function fill() {
    const whole = root.closest(".kl-window") ?? root;
    if (document.fullscreenElement === whole) document.exitFullscreen();
    else whole.requestFullscreen?.();
  }

  // Whoever presses one of many with the mouse goes on with the page's keys, not with the set's.
  function hold(event) {
    const item = event.target.closest("[data-action]");
    if (!item || (!item.closest("[data-arrows]") && item.getAttribute("tabindex") !== "-1")) return;
    event.preventDefault();
    root.focus({ preventScroll: true });
  }

  root.addEventListener("focusin", ({ target }) => {
    const set = target.closest("[data-arrows]");
    if (set && target.getAttribute("tabindex") === "-1") setStop(set, target);
  });
  root.addEventListener("mousedown", hold);
  root.addEventListener("click", act);
  root.addEventListener("keydown", act);

  let reported = 0;
  const sizes = new ResizeObserver(() => {
    const width = root.clientWidth;
    if (width && Math.abs(width - reported) >= 10) {
      reported = width;
      model.send({ width });
    }
  });
  sizes.observe(root);

  return () => {
    sizes.disconnect();
    model.off("msg:custom", take);
    model.off("change:scene", takeWhole);
  };
}

export default { render };
