/**
 * Adapters on disk, in the formats of PEFT, mlx-lm and llama.cpp (GGUF).
 *
 * <ul>
 *   <li><b>stored adapter</b>: config and tensors without a base, {@link StoredAdapter}.
 *   <li><b>fingerprint</b>: digests of a base's tensors, which an adapter stores, {@link
 *       BaseFingerprint}; {@link BaseCheck} selects the comparison.
 *   <li><b>conversion</b>: from one format to another, {@link AdapterConversion}.
 * </ul>
 *
 * <pre>{@code
 * AdapterSummary summary = AdapterSummary.read(Path.of("my-adapter")); // without libtorch
 * StoredAdapter adapter = StoredAdapter.read(Path.of("my-adapter")); // PEFT or mlx-lm
 * PeftAdapter.write(adapter.to(DType.F16), Path.of("half"));
 * AdapterConversion.of(Path.of("my-adapter")).to(AdapterKind.MLX, Path.of("for-mlx"));
 * }</pre>
 */
@NullMarked
package dev.lora4j.lora.format;

import org.jspecify.annotations.NullMarked;
