package dev.lora4j.cli.options;

import dev.lora4j.UserError;
import dev.lora4j.io.gguf.GgmlType;
import dev.lora4j.llm.weights.QuantType;
import dev.lora4j.llm.weights.Quantization;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The quantisation of a model that is written. */
public final class QuantizeOptions {
  @Option(
      names = "--quantize",
      paramLabel = "TYPE",
      description =
          "Quantise the model: nf4, fp4 or int8 for a directory, as bitsandbytes does; q8_0, q4_0 or"
              + " q4_k for a GGUF file.")
  private @Nullable String quantize;

  @Option(
      names = "--double-quant",
      description = "With --quantize nf4 or fp4: quantise the scales of the blocks too.")
  private boolean doubleQuant;

  private Optional<Quantization> chosen() {
    if (quantize == null) {
      if (doubleQuant) {
        throw new UserError("--double-quant needs --quantize nf4 or fp4");
      }
      return Optional.empty();
    }
    Quantization plain = Quantization.of(QuantType.of("--quantize", quantize));
    return Optional.of(doubleQuant ? plain.withDoubleQuant() : plain);
  }

  /**
   * Returns the quantisation of a directory.
   *
   * @throws UserError if the option names a format of GGUF
   */
  public Optional<Quantization> ofDirectory() {
    Optional<Quantization> chosen = chosen();
    chosen
        .filter(to -> !to.type().isOfBitsAndBytes())
        .ifPresent(
            to -> {
              throw new UserError(
                  "--quantize %s applies to GGUF files: give the output a name ending in .gguf; for a directory: nf4, fp4 or int8"
                      .formatted(to.type().word()));
            });
    return chosen;
  }

  /**
   * Returns the type of the matrices of a GGUF file.
   *
   * @param dtype the value of {@code --dtype}, which can name it too
   * @throws UserError if the options contradict each other, or name a format of bitsandbytes
   */
  public GgmlType ofGguf(@Nullable String dtype) {
    Optional<Quantization> chosen = chosen();
    if (chosen.isPresent() && dtype != null) {
      throw new UserError("--dtype and --quantize are mutually exclusive for a GGUF file");
    }
    if (chosen.filter(to -> to.type().isOfBitsAndBytes()).isPresent()) {
      throw new UserError(
          "--quantize %s applies to directories; for a GGUF file: q8_0, q4_0 or q4_k"
              .formatted(chosen.get().type().word()));
    }
    return chosen
        .map(to -> GgmlType.valueOf(to.type().name()))
        .orElseGet(() -> DTypeName.parseGgml(dtype == null ? "float16" : dtype));
  }

  /** Returns whether a quantisation is given. */
  public boolean isGiven() {
    return quantize != null || doubleQuant;
  }
}
