package dev.lora4j.cli.options;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.llm.weights.QuantType;
import dev.lora4j.llm.weights.Quantization;
import dev.lora4j.llm.weights.WeightStorage;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How the weights of a base model are kept in memory. */
public final class WeightOptions {
  private static final String FLOAT32 = "float32";
  private static final String AUTO = "auto";

  @Option(
      names = "--quantize",
      paramLabel = "TYPE",
      description =
          "Quantise the base model while loading it: nf4, fp4, int8, q8_0 or q4_0 (default: as in"
              + " its files).")
  private @Nullable String quantize;

  @Option(
      names = "--double-quant",
      description = "With --quantize nf4 or fp4: quantise the scales of the blocks too.")
  private @Nullable Boolean doubleQuant;

  @Option(
      names = "--dequantize",
      description =
          "Dequantise a quantised base model to float32 while loading it: more memory, less time.")
  private @Nullable Boolean dequantize;

  @Option(
      names = "--dtype",
      paramLabel = "NAME",
      description =
          "Data type of a base model in half precision: float32, or auto for two bytes a weight, as"
              + " in its files (default: float32).")
  private @Nullable String dtype;

  /**
   * Returns the storage that the options ask for.
   *
   * @throws UserError if they contradict each other
   */
  public WeightStorage storage() {
    if (quantize != null) {
      refuseWithQuantize("--dequantize", dequantize);
      refuseWithQuantize("--dtype", dtype);
      return WeightStorage.quantized(quantization(quantize));
    }
    if (doubleQuant != null) {
      throw new UserError("--double-quant needs --quantize nf4 or fp4");
    }
    boolean auto = isAuto();
    if (dequantize == null) {
      return auto ? WeightStorage.exactlyAsStored() : WeightStorage.asStored();
    }
    if (auto) {
      throw new UserError("--dequantize and --dtype auto are mutually exclusive");
    }
    return WeightStorage.dense(DType.F32);
  }

  private static void refuseWithQuantize(String option, @Nullable Object value) {
    if (value != null) {
      throw new UserError(option + " and --quantize are mutually exclusive; give one of them");
    }
  }

  private Quantization quantization(String word) {
    QuantType type = QuantType.of("--quantize", word);
    Quantization plain = Quantization.of(type);
    return doubleQuant == null ? plain : plain.withDoubleQuant();
  }

  private boolean isAuto() {
    List<String> names = List.of(FLOAT32, AUTO);
    if (dtype != null && !names.contains(dtype)) {
      throw new UserError(
          "--dtype: unknown data type '" + dtype + "'" + NearMiss.hint(dtype, names));
    }
    return AUTO.equals(dtype);
  }
}
