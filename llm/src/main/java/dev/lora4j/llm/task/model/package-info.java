/**
 * Networks with a task's output: an encoder or a decoder below a head, or with pooling.
 *
 * <p>A {@link dev.lora4j.llm.task.model.TaskNetwork} turns tokenized texts into outputs, without
 * padding, and names the modules of its head, which are trained whole beside an adapter.
 *
 * <pre>{@code
 * try (TaskNetwork network = TaskNetworks.load(files, TextTask.TEXT_CLASSIFICATION, 3)) {
 *   Tensor logits = network.outputs(texts); // [texts, 3]
 * }
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.task.model;

import org.jspecify.annotations.NullMarked;
