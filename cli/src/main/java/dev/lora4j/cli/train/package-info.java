/**
 * Training and evaluation behind {@code lora train} and {@code lora eval}.
 *
 * <p>Language models are trained by a {@link dev.lora4j.llm.recipe.FineTuneRecipe}, TorchScript
 * models by a {@link dev.lora4j.train.Trainer}. The <i>task</i> of a TorchScript model,
 * classification or regression, determines its loss and its <i>test score</i>.
 *
 * <pre>{@code
 * TuningReport report = new LanguageTraining(paths, adapter, training, language, given, log).run();
 * output.show(report::fill, out -> {});
 * }</pre>
 */
@NullMarked
package dev.lora4j.cli.train;

import org.jspecify.annotations.NullMarked;
