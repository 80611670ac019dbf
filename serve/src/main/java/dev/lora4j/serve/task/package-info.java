/**
 * Adapters for tasks on texts: {@link dev.lora4j.serve.task.TaskAdapters} holds classifiers and
 * rerankers, {@link dev.lora4j.serve.task.TaskEndpoints} answers {@code /classify} and {@code
 * /rerank}.
 */
@NullMarked
package dev.lora4j.serve.task;

import org.jspecify.annotations.NullMarked;
