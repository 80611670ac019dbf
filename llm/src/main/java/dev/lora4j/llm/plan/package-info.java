/**
 * The memory that a model needs, before its weights are downloaded.
 *
 * <pre>{@code
 * try (ModelOutline model = ModelOutline.of(Path.of("config.json"))) {
 *   TrainingSetup setup =
 *       new TrainingSetup(
 *           model.base(BaseStore.NF4), LoraConfig.rank(8), BatchConfig.of(4).maxSeqLength(512), 2);
 *   TrainingMemory memory = model.training(setup);
 *   System.out.println(memory.total() + " of " + MachineMemory.here().available() + " bytes");
 * }
 * }</pre>
 *
 * <p>The sums follow from the shapes of the weights and from what this library allocates; {@link
 * dev.lora4j.llm.plan.TrainingMemory} has the formulas.
 */
@NullMarked
package dev.lora4j.llm.plan;

import org.jspecify.annotations.NullMarked;
