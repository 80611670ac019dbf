package dev.lora4j.cli.options;

import dev.lora4j.NearMiss;
import dev.lora4j.UserError;
import dev.lora4j.io.DType;
import dev.lora4j.io.gguf.GgmlType;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Data types by their names on the command line. */
public final class DTypeName {
  private static final List<String> NAMES = List.of("float32", "float16", "bfloat16");

  private DTypeName() {}

  /** Returns the data type of a safetensors file. */
  public static DType parse(String name) {
    return switch (name.toLowerCase(Locale.ROOT)) {
      case "float32", "f32", "fp32" -> DType.F32;
      case "float16", "f16", "fp16" -> DType.F16;
      case "bfloat16", "bf16" -> DType.BF16;
      default ->
          throw new UserError(
              blocks(name).isPresent()
                  ? "--dtype: %s applies to GGUF models; expected %s"
                      .formatted(name, String.join(", ", NAMES))
                  : "--dtype: unknown data type '" + name + "'" + NearMiss.hint(name, NAMES));
    };
  }

  private static Optional<GgmlType> blocks(String name) {
    return Arrays.stream(GgmlType.values())
        .filter(type -> type.isQuantized() && type.name().equalsIgnoreCase(name))
        .findFirst();
  }

  /** Returns the data type of the matrices of a GGUF file. */
  public static GgmlType parseGgml(String name) {
    Optional<GgmlType> quantized = blocks(name);
    quantized.ifPresent(GgmlType::requireWritten);
    return quantized.orElseGet(() -> GgmlType.valueOf(parse(name).name()));
  }
}
