/**
 * Tasks on texts other than generation: what each predicts, and the names of its labels.
 *
 * <p>A <em>task</em> decides the columns that are read, the head that is trained beside the
 * adapter, the loss, and the metrics: {@link TextTask}. The packages below hold the data, the
 * networks, training, metrics and predictions.
 *
 * <pre>{@code
 * FineTuneRecipe.of("all-MiniLM-L6-v2")
 *     .task(TextTask.TEXT_CLASSIFICATION)
 *     .data(Path.of("tickets.csv"))
 *     .run(Path.of("tickets-adapter"));
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.task;

import org.jspecify.annotations.NullMarked;
