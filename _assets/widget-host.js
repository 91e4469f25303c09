// Shows the book's anywidgets from the page's saved widget state: no kernel, no network.
// A classic script, because module scripts do not load from file://. Widgets of other
// libraries are left alone.
(() => {
  const STATE = "application/vnd.jupyter.widget-state+json";
  const VIEW = "application/vnd.jupyter.widget-view+json";

  /** Base64 text to the DataView that widgets get for bytes in a live kernel, too. */
  function decode(text) {
    return new DataView(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)).buffer);
  }

  /** Put the binary parts of a saved state back to their places. */
  function unpack({ state, buffers = [] }) {
    for (const { path, data } of buffers) {
      const holder = path.slice(0, -1).reduce((at, key) => at[key], state);
      holder[path.at(-1)] = decode(data);
    }
    return state;
  }

  /** The part of a widget model that needs no kernel. Nobody hears what is sent. */
  class Model {
    #state;
    #handlers = [];
    constructor(state) {
      this.#state = state;
    }
    get(name) {
      return this.#state[name];
    }
    set(name, value) {
      if (this.#state[name] === value) return;
      this.#state[name] = value;
      this.#tell(`change:${name}`);
      this.#tell("change");
    }
    on(event, handler) {
      this.#handlers.push({ event, handler });
    }
    off(event, handler) {
      this.#handlers = this.#handlers.filter(
        (known) => known.event !== event || (handler && known.handler !== handler),
      );
    }
    #tell(event) {
      for (const known of [...this.#handlers]) if (known.event === event) known.handler();
    }
    save_changes() {}
    send() {}
  }

  const modules = new Map(); // source text → module: widgets of one class share it

  async function load(source) {
    if (!modules.has(source)) {
      const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
      modules.set(source, import(url).finally(() => URL.revokeObjectURL(url)));
    }
    return (await modules.get(source)).default;
  }

  const styles = new Set();

  function addStyle(text) {
    if (!text || styles.has(text)) return;
    styles.add(text);
    const style = document.createElement("style");
    style.textContent = text;
    document.head.append(style);
  }

  /** Make a model and its widget once, however often the page shows it. */
  async function start(saved) {
    const state = unpack(saved);
    addStyle(state._css);
    const model = new Model(state);
    const definition = await load(state._esm);
    const widget = typeof definition === "function" ? await definition() : definition;
    await widget.initialize?.({ model });
    return { model, widget };
  }

  async function show(place, starting) {
    const el = document.createElement("div");
    place.after(el);
    try {
      const { model, widget } = await starting;
      await widget.render?.({ model, el });
    } catch (error) {
      console.error(error);
      const message = document.createElement("p");
      message.className = "seg-widget-error";
      message.style.cssText = "border-left: 3px solid #b4481e; padding-left: 0.75rem";
      message.textContent = `This widget could not be shown: ${error.message}`;
      el.replaceWith(message);
    }
  }

  function main() {
    const tag = document.querySelector(`script[type="${STATE}"]`);
    if (!tag) return;
    const saved = JSON.parse(tag.textContent).state;
    const started = new Map();
    for (const place of document.querySelectorAll(`script[type="${VIEW}"]`)) {
      const id = JSON.parse(place.textContent).model_id;
      if (saved[id]?.model_module !== "anywidget") continue;
      if (!started.has(id)) started.set(id, start(saved[id]));
      show(place, started.get(id));
    }
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", main);
  else main();
})();
