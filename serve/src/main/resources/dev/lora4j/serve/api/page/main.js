// ---- tabs, keys, start ----

const tabs = [...document.querySelectorAll('[role=tab]')];

function selectTab(chosen) {
  for (const tab of tabs) {
    const selected = tab === chosen;
    tab.setAttribute('aria-selected', String(selected));
    tab.tabIndex = selected ? 0 : -1;
    show($(tab.getAttribute('aria-controls')), selected);
  }
  show($('sampling'), chosen.id !== 'tab-tuning');
}

function moveBetweenTabs(event) {
  const moves = { ArrowLeft: -1, ArrowRight: 1 };
  if (event.key in moves) {
    const next = tabs[(tabs.indexOf(event.target) + moves[event.key] + tabs.length) % tabs.length];
    selectTab(next);
    next.focus();
  }
}

/** Shows a failure; null for none. */
function fail(error) {
  show($('failure'), error !== null);
  $('failure').textContent = error?.message ?? '';
  askForKeyIf(error);
}

function askForKeyIf(error) {
  if (error?.status === 401) {
    sessionStorage.removeItem(KEY);
    show($('key-form'), true);
    $('key').focus();
  }
}

async function useKey(event) {
  event.preventDefault();
  sessionStorage.setItem(KEY, $('key').value.trim());
  $('key').value = '';
  show($('key-form'), false);
  await start();
}

async function start() {
  fail(null);
  busy(true);
  try {
    await loadModels();
    layOutColumns();
    await loadJobs();
  } catch (error) {
    if (error.status === 401 && !sessionStorage.getItem(KEY)) {
      askForKeyIf(error); // not a failure yet: the user had no chance to give one
    } else {
      fail(error);
    }
  } finally {
    busy(false);
  }
}

/** Says whether the page still loads what the server has. */
function busy(loading) {
  document.querySelector('main').setAttribute('aria-busy', String(loading));
}

tabs.forEach((tab) => {
  tab.addEventListener('click', () => selectTab(tab));
  tab.addEventListener('keydown', moveBetweenTabs);
});
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') {
    chat.stop();
    comparison.stop();
  }
});
$('key-form').addEventListener('submit', useKey);
start();
