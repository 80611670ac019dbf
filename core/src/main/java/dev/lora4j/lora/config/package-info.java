/**
 * The config of an adapter and the layers that it resolves to.
 *
 * <ul>
 *   <li><b>config</b>: PEFT's {@code adapter_config.json} as an immutable value, {@link
 *       LoraConfig}.
 *   <li><b>target modules</b>: the layers to adapt, by name, pattern or architecture, {@link
 *       Targets}.
 *   <li><b>plan</b>: the layers and parameters of a network that a config would train, {@link
 *       AdapterPlan}.
 *   <li><b>weight tying</b>: a weight that several modules share, {@link TiedWeights}.
 * </ul>
 *
 * <pre>{@code
 * LoraConfig config = LoraConfig.rank(8).alpha(16).targets(Targets.named("q_proj", "v_proj"));
 * AdapterPlan plan = Lora.plan(network, config);
 * long trainable = PlanListing.of(plan, config).parameters();
 * LoraConfig ofPeft = LoraConfig.read(Path.of("my-adapter/adapter_config.json"));
 * }</pre>
 */
@NullMarked
package dev.lora4j.lora.config;

import org.jspecify.annotations.NullMarked;
