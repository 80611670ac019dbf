/**
 * The weights of saved models as files store them, quantised or not, and the ways to keep them in
 * memory.
 *
 * <ul>
 *   <li><b>weight storage</b>: how a loaded model keeps its matrices: as in the file, dense, or
 *       quantised while loading, {@link dev.lora4j.llm.weights.WeightStorage}.
 *   <li><b>bitsandbytes</b>: checkpoints in NF4, FP4 and int8 as transformers writes them, read by
 *       {@link dev.lora4j.llm.weights.BitsAndBytesFile}.
 * </ul>
 *
 * <pre>{@code
 * WeightStorage nf4 = WeightStorage.quantized(Quantization.of(QuantType.NF4));
 * try (Pretrained base = Pretrained.load(Path.of("SmolLM2-135M"), nf4)) {
 *   …
 * }
 * }</pre>
 */
@NullMarked
package dev.lora4j.llm.weights;

import org.jspecify.annotations.NullMarked;
