// ---- fine-tuning jobs ----

const FINAL = ['succeeded', 'failed', 'cancelled'];
const RETRY_MILLIS = 2000;
const JOBS = 'fine_tuning/jobs';

let watched = null; // the job on view
let watching = new AbortController();

async function loadJobs() {
  let jobs = [];
  try {
    jobs = (await getJson(`${JOBS}?limit=20`)).data;
  } catch (error) {
    if (error.status !== 404) {
      throw error;
    }
    show($('no-jobs'), true);
    show($('with-jobs'), false);
    return;
  }
  show($('job-picker'), jobs.length > 0);
  $('job').replaceChildren(...jobs.map((job) => element('option', { value: job.id, text: `${jobName(job)}, ${job.status}` })));
  if (watched) {
    choose($('job'), watched);
  } else if (jobs.length > 0) {
    watch(jobs[0].id);
  }
}

function jobName(job) {
  return job.fine_tuned_model ?? `${job.user_provided_suffix ?? job.id} on ${job.model}`;
}

// ---- start ----

async function upload(file) {
  const body = new FormData();
  body.append('purpose', 'fine-tune');
  body.append('file', file);
  return (await (await request('files', { method: 'POST', body })).json()).id;
}

function hyperparameters() {
  const given = {
    n_epochs: number('n-epochs'),
    batch_size: number('batch-size'),
    learning_rate_multiplier: number('learning-rate'),
  };
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, value ?? 'auto']));
}

async function startJob(event) {
  event.preventDefault();
  fail(null);
  $('start-job').disabled = true;
  try {
    const method = $('method').value;
    const json = {
      model: $('job-model').value,
      training_file: await upload($('training-file').files[0]),
      method: { type: method, [method]: { hyperparameters: hyperparameters() } },
    };
    const [validation] = $('validation-file').files;
    if (validation) {
      json.validation_file = await upload(validation);
    }
    if ($('suffix').value) {
      json.suffix = $('suffix').value;
    }
    watched = (await (await request(JOBS, { method: 'POST', json })).json()).id;
    await loadJobs();
    watch(watched);
  } catch (error) {
    fail(error);
  } finally {
    $('start-job').disabled = false;
  }
}

// ---- watch ----

/** Follows a job's events until it ends; connects again when the connection breaks. */
async function watch(id) {
  watching.abort();
  watching = new AbortController();
  const { signal } = watching;
  watched = id;
  choose($('job'), id);
  const seen = { ids: new Set(), train: [], valid: [] };
  $('events').replaceChildren();
  show($('losses'), false);
  for (;;) {
    try {
      const job = await refreshJob(id, signal);
      const response = await request(`${JOBS}/${encodeURIComponent(id)}/events?stream=true`, { signal });
      for await (const event of serverEvents(response)) {
        addEvent(event, seen);
      }
      const ended = FINAL.includes(job.status) ? job : await refreshJob(id, signal);
      if (FINAL.includes(ended.status)) {
        await loadJobs();
        return;
      }
    } catch (error) {
      if (signal.aborted) {
        return;
      }
      if (error.status >= 400 && error.status !== 429) {
        fail(error);
        return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MILLIS));
    if (signal.aborted) {
      return;
    }
  }
}

async function refreshJob(id, signal) {
  const job = await (await request(`${JOBS}/${encodeURIComponent(id)}`, { signal })).json();
  const ended = FINAL.includes(job.status);
  if (ended && job.fine_tuned_model) {
    await loadModels();
  }
  show($('job-view'), true);
  $('job-title').textContent = jobName(job);
  $('job-status').textContent = job.status + (job.trained_tokens ? `, ${job.trained_tokens.toLocaleString('en')} tokens trained` : '');
  $('job-error').textContent = job.error?.message ?? '';
  show($('job-error'), Boolean(job.error?.message));
  show($('job-cancel'), !ended);
  show($('job-chat'), Boolean(job.fine_tuned_model));
  show($('job-compare'), Boolean(job.fine_tuned_model));
  $('job-chat').value = job.fine_tuned_model ?? '';
  return job;
}

function addEvent(event, seen) {
  if (seen.ids.has(event.id)) {
    return;
  }
  seen.ids.add(event.id);
  const { step, train_loss: train, valid_loss: valid } = event.data ?? {};
  if (Number.isFinite(train)) {
    seen.train.push({ step, loss: train });
  }
  if (Number.isFinite(valid)) {
    seen.valid.push({ step, loss: valid });
  }
  if (seen.train.length + seen.valid.length > 0) {
    show($('losses'), true);
    drawLosses($('losses').querySelector('.area'), seen.train, seen.valid);
  }
  const className = event.level === 'error' ? 'failed' : '';
  $('events').prepend(element('li', { className, text: event.message }));
  if (event.type !== 'metrics') {
    $('job-status').textContent = event.message;
  }
}

async function cancelJob() {
  try {
    await request(`${JOBS}/${encodeURIComponent(watched)}/cancel`, { method: 'POST' });
    await refreshJob(watched);
  } catch (error) {
    fail(error);
  }
}

$('job-form').addEventListener('submit', startJob);
$('job').addEventListener('change', () => watch($('job').value));
$('job-cancel').addEventListener('click', cancelJob);
$('job-chat').addEventListener('click', () => chatWith($('job-chat').value));
$('job-compare').addEventListener('click', () => compareWithBase($('job-chat').value));
