package dev.lora4j.llm.weights;

import dev.lora4j.UserError;
import dev.lora4j.nn.WeightStore;
import dev.lora4j.nn.block.BlockType;
import dev.lora4j.nn.quant.BlockWeights;
import dev.lora4j.nn.quant.FourBitType;
import dev.lora4j.nn.quant.FourBitWeights;
import dev.lora4j.nn.quant.Int8Weights;
import dev.lora4j.nn.quant.InterleavedWeights;
import org.bytedeco.pytorch.Tensor;

/**
 * A quantisation of a model's matrices.
 *
 * <p>The formats of bitsandbytes apply to the linear layers but the output head, as in
 * transformers; those of GGUF also to the head and the token embedding, in Q8_0 where the layers
 * have 4 bits.
 *
 * @param type the format of the layers
 * @param doubleQuant whether the scales of NF4 or FP4 are quantised too, which saves 0.37 bits a
 *     weight (QLoRA paper, §3)
 */
public record Quantization(QuantType type, boolean doubleQuant) {
  /** The number of values with one scale, bitsandbytes' default. */
  public static final int BLOCK_SIZE = 64;

  /** The role of a matrix in the network. */
  public enum Role {
    LAYER,
    HEAD,
    TOKEN_EMBEDDING,
    OTHER
  }

  public Quantization {
    if (doubleQuant && type != QuantType.NF4 && type != QuantType.FP4) {
      throw new UserError(
          "double quantisation applies to nf4 and fp4, whose blocks have a scale in float32; found "
              + type.word());
    }
  }

  public static Quantization of(QuantType type) {
    return new Quantization(type, false);
  }

  /** Returns the same with quantised scales. */
  public Quantization withDoubleQuant() {
    return new Quantization(type, true);
  }

  /** Returns whether matrices of this role are quantised. */
  public boolean appliesTo(Role role) {
    return switch (role) {
      case LAYER -> true;
      case HEAD, TOKEN_EMBEDDING -> !type.isOfBitsAndBytes();
      case OTHER -> false;
    };
  }

  /**
   * Quantises a matrix.
   *
   * @param name for messages
   * @param weight {@code [out, in]}, which stays the caller's
   * @throws UserError if its rows are not whole blocks, or a value is not finite
   */
  public WeightStore quantize(String name, Role role, Tensor weight) {
    try {
      return switch (type) {
        case NF4 -> fourBits(weight, FourBitType.NF4);
        case FP4 -> fourBits(weight, FourBitType.FP4);
        case INT8 -> Int8Weights.quantize(weight);
        case Q8_0, Q4_0, Q4_K -> blocks(weight, blocksOf(role));
      };
    } catch (UserError e) {
      throw new UserError(name + ": " + e.getMessage() + remedy(), e);
    }
  }

  private WeightStore fourBits(Tensor weight, FourBitType bits) {
    return FourBitWeights.quantize(weight, bits, BLOCK_SIZE, doubleQuant);
  }

  /** Decoding multiplies some blocks faster in another order. */
  private static WeightStore blocks(Tensor weight, BlockType type) {
    return InterleavedWeights.suit(type, weight.size(0), weight.size(1))
        ? InterleavedWeights.quantize(weight, type)
        : BlockWeights.quantize(weight, type);
  }

  private BlockType blocksOf(Role role) {
    return role == Role.LAYER ? BlockType.valueOf(type.name()) : BlockType.Q8_0;
  }

  private String remedy() {
    return type.isOfBitsAndBytes() ? "" : "; nf4 and int8 take rows of any length";
  }

  /**
   * Returns its name in records and messages: {@code nf4}, {@code nf4 with double quantisation}.
   */
  public String describe() {
    return type.word() + (doubleQuant ? " with double quantisation" : "");
  }
}
