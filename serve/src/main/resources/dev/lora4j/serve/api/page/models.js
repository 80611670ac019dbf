// ---- elements, models and parameters that all views share ----

const $ = (id) => document.getElementById(id);

function element(name, { text = '', ...properties } = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  if (text) {
    made.textContent = text; // never HTML: models write what they like
  }
  return made;
}

function show(node, visible) {
  node.hidden = !visible;
}

let models = [];

async function loadModels() {
  models = (await getJson('models')).data;
  document.querySelectorAll('select.models').forEach((select) => fill(select, models));
  document.querySelectorAll('select.bases').forEach((select) => fill(select, bases()));
}

function bases() {
  return models.filter((model) => !model.parent);
}

/** Fills a select with names of models; keeps its choice if there still is that model. */
function fill(select, from) {
  const chosen = select.value;
  select.replaceChildren(
    ...from.map(({ id, parent }) => element('option', { value: id, text: parent ? id : `${id} (base)` })),
  );
  choose(select, chosen);
}

function choose(select, name) {
  if ([...select.options].some((option) => option.value === name)) {
    select.value = name;
  }
}

function sampling() {
  const parameters = { temperature: number('temperature'), max_tokens: number('max-tokens'), seed: number('seed') };
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== null));
}

/** The number in a field; null if it is empty. */
function number(id) {
  const value = $(id).valueAsNumber;
  return Number.isNaN(value) ? null : value;
}

function systemMessages() {
  const text = $('system').value.trim();
  return text ? [{ role: 'system', content: text }] : [];
}

/** An answer while it is generated: its text, and a line about it. */
class AnswerView {
  constructor(parent) {
    this.parent = parent;
    this.text = element('p', { className: 'text' });
    this.note = element('p', { className: 'note' });
    parent.append(this.text, this.note);
  }

  /** Streams a completion into the view; returns its text. */
  async run(model, messages, signal) {
    const start = performance.now();
    this.parent.setAttribute('aria-busy', 'true');
    try {
      const { finish, usage } = await complete(model, messages, signal, (text) => this.text.append(text));
      const seconds = (performance.now() - start) / 1000;
      const length = finish === 'length' ? ', cut at the token limit' : '';
      this.note.textContent = `${usage.completion_tokens} tokens in ${seconds.toFixed(1)} s${length}`;
    } catch (error) {
      this.fail(error);
    } finally {
      this.parent.setAttribute('aria-busy', 'false');
    }
    return this.text.textContent;
  }

  fail(error) {
    if (error.name === 'AbortError') {
      this.note.textContent = 'stopped';
      return;
    }
    this.note.textContent = error.message;
    this.note.classList.add('error');
    askForKeyIf(error);
  }
}

/** A run that the user can stop, by a button or by Esc. */
class Stoppable {
  constructor(startButton, stopButton) {
    this.startButton = startButton;
    this.stopButton = stopButton;
    this.controller = null;
    stopButton.addEventListener('click', () => this.stop());
  }

  get running() {
    return this.controller !== null;
  }

  stop() {
    this.controller?.abort();
  }

  async run(work) {
    this.controller = new AbortController();
    this.toggle();
    try {
      await work(this.controller.signal);
    } finally {
      this.controller = null;
      this.toggle();
    }
  }

  toggle() {
    show(this.startButton, !this.running);
    show(this.stopButton, this.running);
  }
}

/** Sends a form at Enter, as chats do; Shift+Enter breaks the line. */
function sendAtEnter(area) {
  area.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      area.form.requestSubmit();
    }
  });
}
