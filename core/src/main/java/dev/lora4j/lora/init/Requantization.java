package dev.lora4j.lora.init;

import dev.lora4j.nn.WeightStore;
import dev.lora4j.nn.block.BlockType;
import dev.lora4j.nn.quant.Absmax;
import dev.lora4j.nn.quant.BlockWeights;
import dev.lora4j.nn.quant.FourBitWeights;
import dev.lora4j.nn.quant.Int8Weights;
import dev.lora4j.nn.quant.InterleavedWeights;
import java.util.Optional;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;

/**
 * The quantisation of a layer, to quantise another weight the same way.
 *
 * @param bits of a weight, as {@code loftq_bits} counts them: without scales
 * @param canQuantize whether it is more than readable
 */
record Requantization(int bits, boolean canQuantize, Function<Tensor, WeightStore> quantizer) {

  /** Returns the quantisation of a store; empty if it is not quantised. */
  static Optional<Requantization> of(WeightStore store) {
    if (store instanceof FourBitWeights four) {
      boolean nested = four.absmax() instanceof Absmax.Nested;
      return Optional.of(
          new Requantization(
              4, true, w -> FourBitWeights.quantize(w, four.type(), four.blockSize(), nested)));
    }
    if (store instanceof Int8Weights) {
      return Optional.of(new Requantization(8, true, Int8Weights::quantize));
    }
    if (store instanceof BlockWeights blocks) {
      return Optional.of(toBlocks(blocks.type()));
    }
    if (store instanceof InterleavedWeights interleaved) {
      return Optional.of(toBlocks(interleaved.groups().type()));
    }
    return Optional.empty();
  }

  private static Requantization toBlocks(BlockType type) {
    int bits = 8 * type.bytes() / type.elements();
    return new Requantization(bits, type.canQuantize(), w -> BlockWeights.quantize(w, type));
  }

  WeightStore quantize(Tensor weight) {
    return quantizer.apply(weight);
  }
}
