/**
 * LoRA: low-rank adaptation of a frozen network (Hu et al. 2021, <a
 * href="https://arxiv.org/abs/2106.09685">arXiv:2106.09685</a>).
 *
 * <p>The terms:
 *
 * <ul>
 *   <li><b>base model</b>: the frozen network.
 *   <li><b>target modules</b>: the layers of the base that an adapter changes ({@link Targets}).
 *   <li><b>delta</b>: the change of one layer by one adapter, {@code W' = W + ΔW}. LoRA's is {@code
 *       ΔW = scaling · B A}, where A is {@code [rank, in]}, B is {@code [out, rank]}, and {@code
 *       scaling = alpha / rank} ({@link LoraDelta}).
 *   <li><b>method</b>: how deltas are created and stored, LoRA or VeRA ({@link LoraMethod}).
 *   <li><b>adapter</b>: a named set of deltas, one for each target module, with its config ({@link
 *       LoraConfig}). Its trainable parameters are the only ones that training changes.
 *   <li><b>adapted model</b>: the base with its adapters, some of which are active ({@link
 *       LoraModel}).
 *   <li><b>merge</b>: add the active deltas to the base's weights; <b>unmerge</b>: restore them.
 * </ul>
 *
 * <pre>{@code
 * LoraModel model = Lora.adapt(network, LoraConfig.rank(8).alpha(16));
 * Trainer.of(network, new Sgd(1e-4, 0.9)).epochs(2).fit(examples);
 * model.save("default", Path.of("my-adapter"));
 * model.merge();
 * }</pre>
 *
 * <p>How an adapter is trained is not known here; a new method is a {@link LoraMethod}, its delta
 * and a line in {@link LoraMethods}.
 */
@NullMarked
package dev.lora4j.lora;

import dev.lora4j.lora.config.LoraConfig;
import dev.lora4j.lora.config.Targets;
import dev.lora4j.lora.layer.LoraDelta;
import dev.lora4j.lora.layer.LoraMethod;
import dev.lora4j.lora.method.LoraMethods;
import org.jspecify.annotations.NullMarked;
