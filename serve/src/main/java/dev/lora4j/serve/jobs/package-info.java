/**
 * Fine-tuning jobs beside serving: uploaded files, a queue of jobs on disk, and the thread that
 * trains them over the base weights that are served.
 *
 * <p>{@link dev.lora4j.serve.jobs.FineTuningJobs} is the single writer of the jobs' states. A job
 * that a crash interrupts is continued from its last checkpoint at the next start.
 *
 * <pre>{@code
 * JobSettings settings = JobSettings.in(Path.of("jobs"));
 * try (FineTuningService service = FineTuningService.open(settings, models)) {
 *   FineTuningJob job = service.jobs().create(request);
 * }
 * }</pre>
 */
@NullMarked
package dev.lora4j.serve.jobs;

import org.jspecify.annotations.NullMarked;
