/**
 * GPT-2: the model, its config, and its {@link dev.lora4j.llm.model.ModelFamily}.
 *
 * <pre>{@code
 * LanguageModel model = ModelFamily.of(fields).create(fields); // model_type gpt2
 * LoraModel adapted = Lora.adapt(model, LoraConfig.rank(4).targets(Targets.named("c_attn")));
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.model.gpt2;

import org.jspecify.annotations.NullMarked;
