// ---- one prompt, several models ----

const comparison = new Stoppable($('compare-run'), $('compare-stop'));

/** Makes as many columns as are chosen; new ones take models that have none yet. */
function layOutColumns() {
  const count = Number($('columns').value);
  const columns = $('answers');
  while (columns.children.length > count) {
    columns.lastElementChild.remove();
  }
  while (columns.children.length < count) {
    const taken = [...columns.querySelectorAll('select')].map((select) => select.value);
    const select = element('select', { className: 'models', ariaLabel: `Model of column ${columns.children.length + 1}` });
    fill(select, models);
    choose(select, models.find(({ id }) => !taken.includes(id))?.id);
    columns.append(element('article', {}, select));
  }
}

async function compare(event) {
  event.preventDefault();
  const text = $('prompt').value.trim();
  if (!text || comparison.running) {
    return;
  }
  const messages = [...systemMessages(), { role: 'user', content: text }];
  await comparison.run((signal) =>
    Promise.all(
      [...$('answers').children].map((column) => {
        const select = column.firstElementChild;
        column.replaceChildren(select);
        return new AnswerView(column).run(select.value, messages, signal);
      }),
    ),
  );
}

function compareWithBase(model) {
  layOutColumns();
  const [left, right] = $('answers').querySelectorAll('select');
  choose(left, models.find(({ id }) => id === model)?.parent);
  choose(right, model);
  selectTab($('tab-compare'));
  $('prompt').focus();
}

$('compare-form').addEventListener('submit', compare);
$('columns').addEventListener('change', layOutColumns);
sendAtEnter($('prompt'));
