/**
 * Initialisation from data: EVA, explained variance adaptation. It runs examples through the base,
 * takes the principal components of each layer's inputs as A, and gives more rank to the layers
 * whose components explain more variance.
 *
 * <pre>{@code
 * LoraConfig config = LoraConfig.rank(8).initialization(new Initialization.Eva());
 * List<EvaBatch> batches = List.of(EvaBatch.labelled(inputIds, labels).withAttention(mask));
 * LoraModel model = Lora.adapt(network, config, batches);
 * }</pre>
 */
@NullMarked
package dev.lora4j.lora.init;

import org.jspecify.annotations.NullMarked;
